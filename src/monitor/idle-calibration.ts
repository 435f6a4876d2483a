import { setTimeout as delay } from "node:timers/promises";
import { totalsBetween } from "../attribution/accumulator.ts";
import type { Sampler } from "./sampler.ts";

export interface IdleCalibration {
  /** Mean power of the host over the calibration. */
  readonly watts: number;
  /** Standard uncertainty of that mean from its scatter (JCGM 100, 4.2.3). */
  readonly standardUncertaintyWatts: number;
  /** Busy share of all CPUs meanwhile. */
  readonly hostBusyRatio: number;
  /** Whether the host was idle enough (below 5 % busy) for the figure to deserve its name. */
  readonly wasIdle: boolean;
}

const sampleCount = 10;
/** Busy share of all CPUs from which on a host is not idle. */
export const idleBusyRatioLimit = 0.05;

/**
 * Mean power over ten equal windows; whoever awaits it keeps the process alive meanwhile. Null when any window could not be
 * read, or energy is missing. Where readings come from elsewhere a window may bring none that is new: the next one covers it.
 */
export async function idleCalibration(
  sampler: Sampler,
  durationSeconds: number,
  logicalCpuCount: number,
): Promise<IdleCalibration | null> {
  const windowMs = Math.max(20, (durationSeconds * 1000) / sampleCount);
  sampler.advance();
  if (sampler.lastFailure !== null) return null;
  const [start, gapsBefore] = [sampler.totals, sampler.gaps];
  const windowWatts: number[] = [];
  for (let index = 0; index < sampleCount; index += 1) {
    const before = sampler.totals;
    await delay(windowMs);
    sampler.advance();
    if (sampler.gaps > gapsBefore) return null;
    const window = totalsBetween(before, sampler.totals);
    if (window.durationSeconds > 0) windowWatts.push(window.hostJoules / window.durationSeconds);
  }
  const windowCount = windowWatts.length;
  if (windowCount < 2) return null;
  const whole = totalsBetween(start, sampler.totals);
  const watts = whole.hostJoules / whole.durationSeconds;
  const hostBusyRatio = whole.hostBusyCpuSeconds / (whole.durationSeconds * logicalCpuCount);
  const squares = windowWatts.reduce((sum, windowPower) => sum + (windowPower - watts) ** 2, 0);
  return {
    watts,
    standardUncertaintyWatts: Math.sqrt(squares / (windowCount * (windowCount - 1))),
    hostBusyRatio,
    wasIdle: hostBusyRatio < idleBusyRatioLimit,
  };
}
