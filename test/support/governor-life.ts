import { join } from "node:path";
import { onTestFinished } from "vitest";
import { startGovernor } from "../../src/governor/daemon/governor.ts";
import { governorOptions } from "../../src/governor/daemon/options.ts";
import { ask, type GovernorPlace, until } from "./governor.ts";

/** The clocks of this machine, set forward or back by the test. */
export interface ShiftedClocks {
  wallSeconds: number;
  monotonicSeconds: number;
  asleepSeconds: number;
}

export interface Life {
  readonly log: string[];
  /** What SIGHUP asks for. */
  readonly rediscover: () => void;
  stop(): void;
}

/** The governor inside this process, so that its clocks are the test's. */
export async function live(place: GovernorPlace, clocks: ShiftedClocks = unshifted()): Promise<Life> {
  const log: string[] = [];
  const flags = [
    ["powercap-root", join(place.roots.sys, "class/powercap")],
    ["proc-root", place.roots.proc],
    ["socket-path", place.socketPath],
    ["socket-group", String(process.getegid?.() ?? 0)],
    ["state-file", place.stateFile],
  ] as const;
  const governor = await startGovernor(governorOptions(new Map(flags)), {
    own: process,
    clock: {
      wallMs: () => Date.now() + clocks.wallSeconds * 1000,
      monotonicNs: () => process.hrtime.bigint() + BigInt(clocks.monotonicSeconds) * 1_000_000_000n,
    },
    uptimeSeconds: () => Number(process.hrtime.bigint()) / 1e9 + clocks.monotonicSeconds + clocks.asleepSeconds,
    log: (_level, event) => log.push(event),
    version: "test",
    hasInheritedSocket: false,
    onReady: () => undefined,
  });
  let isStopped = false;
  const stop = (): void => {
    if (!isStopped) governor.stop();
    isStopped = true;
  };
  onTestFinished(stop);
  return { log, rediscover: governor.rediscover, stop };
}

export const unshifted = (): ShiftedClocks => ({ wallSeconds: 0, monotonicSeconds: 0, asleepSeconds: 0 });

/** Two ticks on: what happened before was read. */
export async function ticksLater({ socketPath }: GovernorPlace): Promise<Record<string, unknown>> {
  const before = Number((await ask(socketPath, "{}"))["sequence"]);
  let newest = await ask(socketPath, "{}");
  await until(async () => {
    newest = await ask(socketPath, "{}");
    return Number(newest["sequence"]) >= before + 2;
  });
  return newest;
}
