import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { isoFromWallMs } from "../../src/clock.ts";
import { readHostname } from "../../src/host/hostname.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { storeBaseline } from "../../src/monitor/stored-baseline.ts";
import { temporaryDirectory } from "../support/program.ts";

/** An idle power of 1.25 W for this machine and the power model, measured so many days ago. */
async function storeForThisMachine(ageDays: number): Promise<void> {
  const state = temporaryDirectory();
  vi.stubEnv("XDG_STATE_HOME", state);
  onTestFinished(() => void vi.unstubAllEnvs());
  await using logger = await EnergyLogger.open({ energySource: "model" });
  const { energy } = await logger.logMetrics("label");
  storeBaseline(join(state, "carbon-ops", "baseline.json"), {
    host: readHostname({ proc: "/proc" }) ?? "",
    energySource: "model",
    energySourceLabel: energy.energySourceLabel,
    watts: 1.25,
    standardUncertaintyWatts: 0.01,
    hostBusyRatio: 0.01,
    durationSeconds: 60,
    measuredAt: isoFromWallMs(Date.now() - ageDays * 86_400_000),
    carbonOpsVersion: "0.1.0",
  });
}

test("a logger uses the idle power that was calibrated for this host and source", async () => {
  await storeForThisMachine(1);
  await using logger = await EnergyLogger.open({ energySource: "model" });
  const { energy } = await logger.logMetrics("step");
  expect(energy).toMatchObject({ idleBaselineWatts: 1.25, idleBaselineOrigin: "calibrated" });
  expect(logger.problems).toEqual([]);
});

test("a logger leaves a baseline that is too old alone, and says so", async () => {
  await storeForThisMachine(40);
  await using logger = await EnergyLogger.open({ energySource: "model" });
  const { energy } = await logger.logMetrics("step");
  expect(energy.idleBaselineOrigin).toBe("model");
  expect(logger.problems).toEqual([expect.stringMatching(/is 40 days old and is not used/)]);
});

test("a stated idle power wins, and nothing is said of the stored one", async () => {
  await storeForThisMachine(40);
  await using logger = await EnergyLogger.open({ energySource: "model", idleBaselineWatts: 3 });
  const { energy } = await logger.logMetrics("step");
  expect(energy).toMatchObject({ idleBaselineWatts: 3, idleBaselineOrigin: "configured" });
  expect(logger.problems).toEqual([]);
});
