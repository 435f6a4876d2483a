import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { taskEnergyOf } from "../../src/monitor/task-energy.ts";
import { temporaryDirectory } from "../support/program.ts";

/** Busy for the given CPU milliseconds. */
function spin(cpuMs: number): void {
  const start = process.cpuUsage();
  const used = (): number => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
  while (used() < cpuMs);
}

test("a metric has times and energy, and becomes an estimate", async () => {
  await using logger = await EnergyLogger.open();
  spin(200);
  const metric = await logger.logMetrics("training_step");
  expect(metric.operation).toBe("training_step");
  expect(metric.durationSeconds).toBeGreaterThan(0.19);
  expect(metric.energy.attributionMode).toBe("monitor_only");
  expect(metric.energy.energyWhTotal).toBeGreaterThan(0);
  expect(metric.cpu.taskCpuSeconds).toBeGreaterThan(0.19);
  const estimator = new CarbonEstimator({ region: "GB" });
  const estimate = await estimator.estimateOverSpan({
    startTs: metric.timestampStart,
    endTs: metric.timestampEnd,
    energyWh: metric.energy.energyWhTotal,
  });
  expect(JSON.parse(JSON.stringify(estimate))).toMatchObject({ region: "GB", pue_used: expect.any(Number) });
});

test("the uncertainty of the energy enters the estimate when the metric's energy is handed over whole", async () => {
  await using logger = await EnergyLogger.open();
  spin(100);
  const { energy, timestampStart, timestampEnd } = await logger.logMetrics("step");
  const taskEnergy = taskEnergyOf(energy);
  if (taskEnergy === null) throw new Error("no energy was read");
  const span = { startTs: timestampStart, endTs: timestampEnd };
  const estimator = new CarbonEstimator({ region: "GB" });
  const whole = await estimator.estimateOverSpan({ ...span, energy: taskEnergy });
  const bare = await estimator.estimateOverSpan({ ...span, energyWh: taskEnergy.meanWh });
  expect(whole.uncertaintyPct).toBeGreaterThan(bare.uncertaintyPct ?? 0);
});

test("monitor passes on what a function returns, synchronous or not", async () => {
  await using logger = await EnergyLogger.open();
  const plain = await logger.monitor("sum", () => 2 + 3);
  const later = await logger.monitor("later", async () => "done");
  expect(plain.result).toBe(5);
  expect(later.result).toBe("done");
  expect(logger.metrics.map(({ operation }) => operation)).toEqual(["sum", "later"]);
});

test("monitor passes an error on unchanged, and keeps the metric", async () => {
  await using logger = await EnergyLogger.open();
  const error = new TypeError("out of stock");
  await expect(logger.monitor("checkout", () => Promise.reject(error))).rejects.toBe(error);
  expect(logger.metrics.at(-1)?.additionalInfo).toEqual({ error: "out of stock" });
});

test("spans that overlap say so", async () => {
  await using logger = await EnergyLogger.open();
  const pause = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
  const [first, second] = await Promise.all([logger.monitor("a", pause), logger.monitor("b", pause)]);
  const alone = await logger.monitor("c", pause);
  expect([first.metric.overlapped, second.metric.overlapped, alone.metric.overlapped]).toEqual([true, true, false]);
});

test("the history is bounded, and what was dropped is counted", async () => {
  await using logger = await EnergyLogger.open({ historyLimit: 2 });
  for (const name of ["a", "b", "c"]) await logger.logMetrics(name);
  expect(logger.metrics.map(({ operation }) => operation)).toEqual(["b", "c"]);
  expect(logger.summary()).toMatchObject({ count: 2, dropped: 1 });
});

test("metrics are exported as one JSON array, or as JSON lines where the name says so", async () => {
  const directory = temporaryDirectory();
  await using logger = await EnergyLogger.open();
  await logger.logMetrics("a");
  await logger.logMetrics("b", { batch: 7 });
  await logger.exportMetrics(join(directory, "metrics.json"));
  await logger.exportMetrics(join(directory, "metrics.ndjson"));
  const array: unknown = JSON.parse(readFileSync(join(directory, "metrics.json"), "utf8"));
  const lines = readFileSync(join(directory, "metrics.ndjson"), "utf8").trimEnd().split("\n");
  expect(array).toMatchObject([{ operation: "a" }, { operation: "b", additional_info: { batch: 7 } }]);
  expect(lines.map((line) => JSON.parse(line))).toEqual(array);
});

test("an export that cannot be written rejects with a sentence", async () => {
  await using logger = await EnergyLogger.open();
  await expect(logger.exportMetrics("/no/such/place/metrics.json")).rejects.toMatchObject({ code: "OUTPUT_FAILED" });
});

test("where nothing can be read, metrics are null with the reason, and nothing throws", async () => {
  const nothing = temporaryDirectory();
  mkdirSync(join(nothing, "proc"));
  mkdirSync(join(nothing, "sys"));
  await using logger = await EnergyLogger.open({ roots: { proc: join(nothing, "proc"), sys: join(nothing, "sys") } });
  const { metric } = await logger.monitor("task", () => 1);
  expect(metric.energy.energyWhTotal).toBeNull();
  expect(metric.energy.energyWhTask).toBeNull();
  expect(metric.energy.energySource).toBe("none");
  expect(logger.problems.length).toBeGreaterThan(0);
  expect(await logger.calibrateIdle(0.1)).toBeNull();
});

test("a calibrated idle baseline is used from then on", async () => {
  await using logger = await EnergyLogger.open();
  const calibration = await logger.calibrateIdle(0.3);
  expect(calibration?.watts).toBeGreaterThan(0);
  expect(calibration?.hostBusyRatio).toBeGreaterThanOrEqual(0);
  const metric = await logger.logMetrics("after");
  expect(metric.energy.idleBaselineOrigin).toBe("calibrated");
  expect(metric.energy.idleBaselineWatts).toBe(calibration?.watts);
});

test("a configured idle baseline is taken at its word", async () => {
  await using logger = await EnergyLogger.open({ idleBaselineWatts: 1.5 });
  const metric = await logger.logMetrics("task");
  expect(metric.energy).toMatchObject({ idleBaselineWatts: 1.5, idleBaselineOrigin: "configured" });
});

test("closing twice is no error, and spans after closing are unknown instead of wrong", async () => {
  const logger = await EnergyLogger.open();
  await logger.close();
  await logger.close();
  const { result, metric } = await logger.monitor("late", () => "still works");
  expect(result).toBe("still works");
  expect(metric.energy.energyWhTotal).toBeNull();
});
