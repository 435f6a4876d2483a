import { expect, test } from "vitest";
import { CarbonEstimator, type CarbonEstimatorOptions } from "../../src/carbon/estimator.ts";
import type { TaskEnergy } from "../../src/carbon/task-energy.ts";
import { hourly, liveProvider, liveSeries } from "./example-series.ts";

const clock = { wallMs: () => Date.parse("2025-07-01T12:00:00Z") };
const hour = { startTs: "2025-07-01T10:00:00Z", endTs: "2025-07-01T11:00:00Z" };

const measured: TaskEnergy = {
  meanWh: 100,
  additiveWh: 8,
  gainLnSigma: 0.05,
  gainSourceId: "rapl.gain/host=a",
  gainCitation: "a document",
  shareLnSigma: 0.1,
  boundary: "package_and_dram",
  provenance: "measured",
};

const server = { device: "server", resourceShare: 0.25 } as const;

async function estimateWith(options: CarbonEstimatorOptions, energy: TaskEnergy = measured) {
  return new CarbonEstimator({ region: "DE", pue: "enterprise", clock, ...options }).estimateOverSpan({
    ...hour,
    energy,
  });
}

test("monte_carlo and the analytical method agree: mean, uncertainty and both ends of the interval", async () => {
  const analytical = await estimateWith({ embodied: server });
  const sampled = await estimateWith({ embodied: server, method: "monte_carlo", trials: 400_000 });
  const u = analytical.standardUncertaintyGrams;
  expect(Math.abs(sampled.grams - analytical.grams)).toBeLessThan(0.01 * u);
  expect(sampled.standardUncertaintyGrams / u).toBeCloseTo(1, 1);
  // PUE is 1 + lognormal here and lognormal there, and the product one lognormal there: 5 % of u.
  expect(Math.abs(sampled.interval.lowerGrams - analytical.interval.lowerGrams)).toBeLessThan(0.05 * u);
  expect(Math.abs(sampled.interval.upperGrams - analytical.interval.upperGrams)).toBeLessThan(0.05 * u);
});

test("trials, seed and sampler are in the estimate, and the same ones give the same bytes", async () => {
  const options = { method: "monte_carlo", trials: 20_000, seed: 7 } as const;
  const first = await estimateWith(options);
  expect(first).toMatchObject({ method: "monte_carlo", sampling: { trials: 20_000, seed: 7, isStable: true } });
  expect(first.sampling?.sampler).toMatch(/\S/);
  expect(JSON.stringify(await estimateWith(options))).toBe(JSON.stringify(first));
  expect((await estimateWith({ ...options, seed: 8 })).grams).not.toBe(first.grams);
});

test("without a number of trials there are as many as two digits need", async () => {
  const { sampling } = await estimateWith({ method: "monte_carlo" });
  expect(sampling?.isStable).toBe(true);
  expect(sampling?.trials).toBeGreaterThanOrEqual(30_000);
});

test("near idle monte_carlo states an upper limit where the analytical method does", async () => {
  const nearIdle = { ...measured, meanWh: 2, additiveWh: 4 };
  const analytical = await estimateWith({}, nearIdle);
  const sampled = await estimateWith({ method: "monte_carlo", trials: 200_000 }, nearIdle);
  expect(sampled.interval).toMatchObject({ kind: "upper_limit", lowerGrams: 0 });
  expect(sampled.interval.upperGrams / analytical.interval.upperGrams).toBeCloseTo(1, 1);
});

test("a marginal rate of 0 leaves the hardware's part, by either method", async () => {
  const periods = hourly(hour.startTs, [0]);
  const series = [liveSeries(hourly(hour.startTs, [300])), liveSeries(periods, { kind: "marginal", scope: "direct" })];
  const intensity = { providers: [liveProvider(...series)] };
  for (const method of ["analytical_truncated", "monte_carlo"] as const) {
    const { marginal, embodied } = await estimateWith({ intensity, embodied: server, method });
    expect(marginal?.operationalGrams).toBe(0);
    expect((marginal?.grams ?? 0) / (embodied.grams ?? 1)).toBeCloseTo(1, 1);
  }
});

test("what is exact stays exact under monte_carlo", async () => {
  const periods = hourly(hour.startTs, [300], { relativeUncertainty: 0 });
  const intensity = { providers: [liveProvider(liveSeries(periods, { errors: [] }))] };
  const estimator = new CarbonEstimator({ region: "DE", pue: 1, clock, intensity, method: "monte_carlo" });
  const estimate = await estimator.estimateOverSpan({ ...hour, energyWh: 1000 });
  expect(estimate.grams).toBeCloseTo(300, 9);
  expect(estimate.standardUncertaintyGrams).toBeCloseTo(0, 9);
});

test.each([
  [{ method: "bootstrap" }, 'The method is "bootstrap", but must be "analytical_truncated" or "monte_carlo".'],
  [{ trials: 1000 }, "trials and seed belong to the method monte_carlo"],
  [{ method: "monte_carlo", trials: 10 }, "trials is 10, but must be a whole number from 1000 to 10000000."],
  [{ method: "monte_carlo", trials: 1000.5 }, "trials is 1000.5, but must be a whole number"],
  [{ method: "monte_carlo", seed: -1 }, "seed is -1, but must be a whole number"],
  [{ missingPolicy: "zero" }, 'The missingPolicy is "zero", but must be "step" or "drop".'],
])("the option %j is refused at once, in one sentence", (options, words) => {
  const fromJavaScript = JSON.parse(JSON.stringify(options));
  expect(() => new CarbonEstimator(fromJavaScript)).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringContaining(words) }),
  );
});
