import { setTimeout as delay } from "node:timers/promises";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import type { EnergyLoggerOptions } from "../../src/monitor/logger-options.ts";
import { movingHost } from "../support/moving-host.ts";
import { temporaryDirectory } from "../support/program.ts";

/** A logger of this process on a host with 40 W, with nothing of the user's. */
export async function quietLogger(options: EnergyLoggerOptions = {}): Promise<EnergyLogger> {
  return EnergyLogger.open({
    energySource: "powercap",
    roots: { ...movingHost(40, 0.5), proc: "/proc" },
    idleBaselineWatts: 0,
    region: "GB",
    sampleIntervalSeconds: 0.2,
    intensityProviders: "static",
    cacheDirectory: temporaryDirectory(),
    ...options,
  });
}

/** By the process's CPU time, which a busy machine does not take away. */
export function spin(milliseconds: number): void {
  const start = process.cpuUsage();
  for (let used = 0; used < milliseconds * 1000; ) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
}

/** A task that is long enough for readings. */
export async function use(logger: EnergyLogger, name: string, labels?: Record<string, string>): Promise<void> {
  const task = logger.start(name, { enter: false, labels });
  task.run(() => spin(30));
  await delay(250);
  task.run(() => spin(30));
  task.end();
}
