import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { taskEnergyOf } from "../../src/monitor/task-energy.ts";
import { energyFile, kernelTree, packageZone, setMicrojoules, writePowercap } from "../support/kernel-tree.ts";
import { temporaryDirectory } from "../support/program.ts";
import { spin } from "./quiet-logger.ts";

/** A /proc whose entries lead to the real ones. */
function writeProcLinks(proc: string): void {
  for (const name of ["stat", "meminfo", "cpuinfo", "sys", "self"]) symlinkSync(`/proc/${name}`, join(proc, name));
  symlinkSync(`/proc/${process.pid}`, join(proc, String(process.pid)));
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
  expect(metric.energy.energySourceLabel).toContain("closed");
});

test("a span that is open when the logger closes counts to there, and says that something is missing", async () => {
  const logger = await EnergyLogger.open();
  const { metric } = await logger.monitor("task", async () => {
    spin(50);
    await logger.close();
  });
  expect(metric.energy.energyWhTotal).toBeGreaterThan(0);
  expect(metric.energy.gaps).toBeGreaterThan(0);
});

test.each([
  [{ idleBaselineWatts: -100 }, "idleBaselineWatts"],
  [{ idleBaselineWatts: Number.NaN }, "idleBaselineWatts"],
  [{ cpuTdpWatts: -50 }, "cpuTdpWatts"],
  [{ sampleIntervalSeconds: 0 }, "sampleIntervalSeconds"],
  [{ sampleIntervalSeconds: 1e9 }, "sampleIntervalSeconds"],
  [{ historyLimit: Number.NaN }, "historyLimit"],
])("an option that is not allowed (%j) is a sentence in problems, and is left out", async (options, name) => {
  await using logger = await EnergyLogger.open(options);
  expect(logger.problems.join("\n")).toContain(`The option ${name} is`);
  spin(30);
  const { energy } = await logger.logMetrics("task");
  expect(energy.energyWhTotal).toBeGreaterThan(0);
  expect(energy.energyWhTask).toBeLessThanOrEqual(energy.energyWhTotal ?? 0);
});

test("a span whose start could not be read is unknown: its energy would include the time before", async () => {
  const roots = kernelTree();
  writeProcLinks(roots.proc);
  writePowercap(roots, [packageZone(0)]);
  await using logger = await EnergyLogger.open({ roots, sampleIntervalSeconds: 60 });
  setMicrojoules(roots, "intel-rapl:0", 501_000_000n);
  writeFileSync(energyFile(roots, "intel-rapl:0"), "x");
  const { metric } = await logger.monitor("task", () => setMicrojoules(roots, "intel-rapl:0", 504_000_000n));
  expect(metric.energy.energyWhTotal).toBeNull();
  expect(metric.energy.gaps).toBeGreaterThan(0);
  expect(metric.energy.energySourceLabel).toContain("its start could not be read");
});

test("spans of monitor make the span of logMetrics around them overlapped, since both have their energy", async () => {
  await using logger = await EnergyLogger.open();
  await logger.monitor("inner", () => spin(10));
  const outer = await logger.logMetrics("outer");
  const next = await logger.logMetrics("next");
  expect([outer.overlapped, next.overlapped]).toEqual([true, false]);
});

test.each([Object.create(null), { toString: null }, null, undefined])(
  "whatever is thrown (%#) passes through",
  async (thrown) => {
    await using logger = await EnergyLogger.open();
    const rejected: unknown = await logger
      .monitor("task", () => Promise.reject(thrown))
      .catch((error: unknown) => error);
    expect(rejected).toBe(thrown);
    expect(logger.metrics).toHaveLength(1);
  },
);

test("a wall clock that is set back inside a span does not turn its times around", async () => {
  const wall = { ms: 1_767_225_600_000 };
  const clock = { wallMs: () => wall.ms, monotonicNs: () => process.hrtime.bigint() };
  await using logger = await EnergyLogger.open({ clock });
  const { metric } = await logger.monitor("task", () => {
    wall.ms -= 3_600_000;
  });
  expect(Date.parse(metric.timestampEnd)).toBeGreaterThanOrEqual(Date.parse(metric.timestampStart));
});

test("information that refers to itself can still be exported", async () => {
  const directory = temporaryDirectory();
  const circular: Record<string, unknown> = { batch: 7 };
  circular["self"] = circular;
  await using logger = await EnergyLogger.open();
  await logger.logMetrics("task", circular);
  await logger.exportMetrics(join(directory, "metrics.json"));
  expect(readFileSync(join(directory, "metrics.json"), "utf8")).toContain('"batch":7');
});

test("metrics that were handed out are a copy: changing it changes no history", async () => {
  await using logger = await EnergyLogger.open();
  await logger.logMetrics("task");
  Object.assign(logger.metrics, { length: 0 });
  expect(logger.metrics).toHaveLength(1);
});
