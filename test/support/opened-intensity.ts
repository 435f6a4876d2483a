import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Clock } from "../../src/clock.ts";
import type { IntensityProvider } from "../../src/intensity/intensity.ts";
import { type IntensitySettings, type OpenedIntensity, openIntensity } from "../../src/intensity/open-intensity.ts";

/** A clock whose wall and monotonic time go together, from an instant that a test names. */
export interface SetClock extends Clock {
  advanceMs(milliseconds: number): void;
}

export function clockAt(iso: string): SetClock {
  let passedMs = 0;
  return {
    wallMs: () => Date.parse(iso) + passedMs,
    monotonicNs: () => BigInt(Math.round((passedMs + 1000) * 1e6)),
    advanceMs: (milliseconds) => {
      passedMs += milliseconds;
    },
  };
}

export function directoryOfTest(): string {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops-intensity-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface Opening {
  readonly clock: Clock;
  readonly settings?: IntensitySettings;
  readonly environment?: Readonly<Record<string, string>>;
  readonly providers?: readonly IntensityProvider[];
  /** Waits that were made instead of slept. */
  readonly pauses?: number[];
}

/** Providers as a program opens them, except that nothing is waited for. */
export function opened({
  clock,
  settings = {},
  environment = {},
  providers = [],
  pauses = [],
}: Opening): OpenedIntensity {
  const pause = async (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds);
  };
  return openIntensity(settings, { environment, clock, providers, http: { pause, random: () => 0 } });
}

export function hours(fromIso: string, toIso: string) {
  return { startMs: Date.parse(fromIso), endMs: Date.parse(toIso) };
}
