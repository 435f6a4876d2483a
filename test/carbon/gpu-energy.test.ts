import { expect, test } from "vitest";
import { energyInterval } from "../../src/carbon/energy-interval.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import type { GpuTaskEnergy, TaskEnergy } from "../../src/carbon/task-energy.ts";

const clock = { wallMs: () => Date.parse("2025-07-01T12:00:00Z") };
const hour = { startTs: "2025-07-01T10:00:00Z", endTs: "2025-07-01T11:00:00Z" };

const host: TaskEnergy = {
  meanWh: 100,
  additiveWh: 3,
  gainLnSigma: 0.05,
  gainSourceId: "rapl.gain/host=a",
  gainCitation: "a document",
  shareLnSigma: 0.1,
  boundary: "package_and_dram",
  provenance: "measured",
};

const gpu: GpuTaskEnergy = {
  meanWh: 300,
  additiveWh: 4,
  gainLnSigma: 0.04,
  gainSourceId: "nvml.gain/host=a",
  gainCitation: "another document",
  shareLnSigma: 0.2,
  provenance: "measured",
};

const withGpu: TaskEnergy = { ...host, gpu };

test("GPU energy is added to the host's, each with its own wall factor", async () => {
  const estimator = new CarbonEstimator({ region: "FR", pue: 1, clock });
  const estimate = await estimator.estimateOverSpan({ ...hour, energy: withGpu });
  expect(estimate.energyWh).toBeCloseTo(400, 9);
  expect(estimate.wallFactorUsed).toBeCloseTo((100 * 1.2 + 300 * 1.08) / 400, 12);
  expect(estimate.totalEnergyWithPueKwh).toBeCloseTo(0.1 * 1.2 + 0.3 * 1.08, 12);
  expect(estimate.grams).toBeCloseTo((0.1 * 1.2 + 0.3 * 1.08) * estimate.intensityGPerKwh, 6);
  expect(estimate.notes.join(" ")).toContain("300 Wh of the energy is the task's part of GPUs");
});

test("beside a server counted at its plug, the GPU still needs its power supply", async () => {
  const estimator = new CarbonEstimator({ region: "FR", pue: 1, clock });
  const estimate = await estimator.estimateOverSpan({ ...hour, energy: { ...withGpu, boundary: "server_wall" } });
  expect(estimate.wallFactorUsed).toBeCloseTo((100 + 300 * 1.08) / 400, 12);
});

test("a stated wall factor holds for host and GPUs", async () => {
  const estimator = new CarbonEstimator({ region: "FR", pue: 1, wallFactor: 1.15, clock });
  const estimate = await estimator.estimateOverSpan({ ...hour, energy: withGpu });
  expect(estimate.wallFactorUsed).toBeCloseTo(1.15, 12);
});

test("each part's errors enter by its share: they do not shrink because the other part is there, nor act on it", () => {
  const { meanWh, upperWh } = energyInterval(withGpu, 0.95);
  expect(meanWh).toBeCloseTo(400, 6);
  // First order: sqrt((100 x 0.05)^2 + (100 x 0.1)^2 + (300 x 0.04)^2 + (300 x 0.2)^2 + 3^2 + 4^2) = 62.5 Wh.
  const standardUncertaintyWh = Math.hypot(100 * 0.05, 100 * 0.1, 300 * 0.04, 300 * 0.2, 3, 4);
  expect((upperWh - meanWh) / standardUncertaintyWh).toBeGreaterThan(1.9);
  expect((upperWh - meanWh) / standardUncertaintyWh).toBeLessThan(2.3);
});

test("the budget names the GPU's own errors, and its shares sum to 1", async () => {
  const estimate = await new CarbonEstimator({ region: "FR", clock }).estimateOverSpan({ ...hour, energy: withGpu });
  const gain = estimate.budget.find(({ sourceId }) => sourceId === "nvml.gain/host=a");
  expect(gain).toMatchObject({ lnSigma: expect.closeTo(0.04, 12), citation: "another document" });
  expect(estimate.budget.map(({ sourceId }) => sourceId)).toContain("attribution.gpu_sm_time_share");
  expect(estimate.budget.reduce((sum, { shareOfVariance }) => sum + shareOfVariance, 0)).toBeCloseTo(1, 12);
});

test("a GPU that did nothing changes neither the grams nor their interval", async () => {
  const estimator = new CarbonEstimator({ region: "FR", clock });
  const plain = await estimator.estimateOverSpan({ ...hour, energy: host });
  const energy = { ...host, gpu: { ...gpu, meanWh: 0, additiveWh: 0 } };
  const beside = await estimator.estimateOverSpan({ ...hour, energy });
  expect(beside.grams).toBeCloseTo(plain.grams, 9);
  expect(beside.standardUncertaintyGrams).toBeCloseTo(plain.standardUncertaintyGrams, 9);
});

test("watts that were summed up make the estimate an estimate", async () => {
  const energy = { ...withGpu, gpu: { ...gpu, provenance: "estimated" as const } };
  const estimate = await new CarbonEstimator({ region: "FR", clock }).estimateOverSpan({ ...hour, energy });
  expect(estimate.notes.join(" ")).toContain("summed up from sampled watts");
});

test.each(["meanWh", "additiveWh", "gainLnSigma", "shareLnSigma"] as const)(
  "a GPU's %s that is no number is refused",
  async (name) => {
    const energy = { ...withGpu, gpu: { ...gpu, [name]: Number.NaN } };
    const estimate = new CarbonEstimator({ clock }).estimateOverSpan({ ...hour, energy });
    await expect(estimate).rejects.toMatchObject({ code: "INPUT_INVALID" });
  },
);
