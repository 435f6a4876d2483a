import { expect, test } from "vitest";
import { effectiveIntensity } from "../../src/carbon/effective-intensity.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import type { IntensitySeries } from "../../src/intensity/intensity.ts";
import { hourly, hourMs, liveProvider, liveSeries } from "./example-series.ts";

const ten = "2025-07-01T10:00:00Z";
const exampleHour = {
  gramsPerKwh: 200,
  isEstimated: false,
  estimationMethod: null,
  relativeUncertainty: 0.04,
  updatedAt: null,
};
const clock = { wallMs: () => Date.parse("2025-07-03T12:00:00Z") };

function ownErrorOfDay(autocorrelationPerHour: number): number {
  const series = liveSeries(hourly(ten, new Array<number>(24).fill(300)), { autocorrelationPerHour });
  const startMs = Date.parse(ten);
  const span = { startMs, endMs: startMs + 24 * hourMs };
  return effectiveIntensity({ series, span, energyByTime: null, policy: "step" })?.hourError?.relativeUncertainty ?? 0;
}

/** u of the sum over n u for 24 equal hours: 0.204, 0.710 and 1 for rho 0, 0.9 and 1 (Welch; JCGM 100, 5.2.2). */
test.each([
  [0, 0.204],
  [0.5, 0.344],
  [0.9, 0.71],
  [1, 1],
])("own errors of 24 hours with correlation %s an hour average out to %s of one hour's", (rho, ratio) => {
  expect(ownErrorOfDay(rho) / 0.04).toBeCloseTo(ratio, 3);
});

test("an hour's own error has one id, of its family and its hour, and the method's error another", async () => {
  const intensity = { providers: [liveProvider(liveSeries(hourly(ten, [300, 320])))] };
  const estimator = new CarbonEstimator({ region: "DE", pue: 1, clock, intensity });
  const estimate = await estimator.estimateOverSpan({ startTs: ten, endTs: "2025-07-01T12:00:00Z", energyWh: 100 });
  expect([...estimate.components.keys()]).toEqual([
    "intensity.source/provider=live",
    "intensity.hour/zone=DE/provider=live/rho=0.9/t=2025-07-01T11Z",
  ]);
});

const moerOf = (values: readonly number[]): IntensitySeries =>
  liveSeries(hourly(ten, values), {
    kind: "marginal",
    scope: "direct",
    hourSourceId: "intensity.hour/kind=marginal/zone=DE",
  });

async function withSeries(...series: readonly IntensitySeries[]) {
  const intensity = { providers: [liveProvider(...series)] };
  const estimator = new CarbonEstimator({ region: "DE", pue: 1, clock, intensity });
  return estimator.estimateOverSpan({ startTs: ten, endTs: "2025-07-01T12:00:00Z", energyWh: 1000 });
}

test("average and marginal stand side by side, each by its own values", async () => {
  const estimate = await withSeries(liveSeries(hourly(ten, [300, 300])), moerOf([700, 900]));
  expect(estimate.grams).toBeCloseTo(300, 9);
  expect(estimate.intensity.kind).toBe("average");
  expect(estimate.marginal?.grams).toBeCloseTo(800, 9);
  expect(estimate.marginal?.intensity.kind).toBe("marginal");
});

test("a marginal rate of 0 causes exactly nothing, and is not taken for a missing one", async () => {
  const estimate = await withSeries(liveSeries(hourly(ten, [300, 300])), moerOf([0, 0]));
  expect(estimate.marginal).toMatchObject({
    grams: 0,
    standardUncertaintyGrams: 0,
    intensityGPerKwh: 0,
    interval: { lowerGrams: 0, upperGrams: 0 },
  });
  expect(JSON.stringify(estimate)).not.toContain("NaN");
});

test("an hour at a marginal rate of 0 pulls the mean down", async () => {
  const estimate = await withSeries(liveSeries(hourly(ten, [300, 300])), moerOf([0, 800]));
  expect(estimate.marginal?.grams).toBeCloseTo(400, 9);
});

test("no marginal figure is made of an average", async () => {
  const estimate = await withSeries(liveSeries(hourly(ten, [300, 300])));
  expect(estimate.marginal).toBeNull();
  expect(estimate.attempts).toEqual([
    { providerId: "live", kind: "average", outcome: "answered", code: null, reason: null },
    { providerId: "live", kind: "marginal", outcome: "failed", code: null, reason: "live has no marginal values." },
  ]);
});

test("where only a marginal rate is known the figures are marginal, and say so", async () => {
  const estimate = await withSeries(moerOf([700, 900]));
  expect(estimate.intensity.kind).toBe("marginal");
  expect(estimate.grams).toBeCloseTo(800, 9);
  expect(estimate.marginal).toBeNull();
  expect(estimate.notes).toContainEqual(
    expect.stringMatching(/^No average intensity is known: these figures are marginal/),
  );
  expect(estimate.sci.status).toBe("no_functional_unit");
});

test("where nobody knows an intensity there is an error with everybody's reason, not 0 g", async () => {
  await expect(withSeries()).rejects.toMatchObject({
    code: "INTENSITY_NO_DATA",
    message: expect.stringContaining("live: live has no average values"),
  });
});

test("values that may be revised make an estimate provisional in its notes and its provenance", async () => {
  const estimate = await withSeries(liveSeries(hourly(ten, [300, 300]), { isProvisional: true }));
  expect(estimate.intensity).toMatchObject({
    isProvisional: true,
    providerId: "live",
    providerZone: "DE",
    endpoint: "https://live.example/v4/past-range?zone=DE",
    periodSeconds: 3600,
    cache: "miss",
  });
  expect(estimate.notes).toContainEqual(expect.stringContaining("a settlement asks for it again"));
});

test("a span that began and ended in the same millisecond has the intensity of its moment", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const estimate = await estimator.estimateOverSpan({ startTs: ten, endTs: ten, energyWh: 1 });
  expect(estimate).toMatchObject({ intensityGPerKwh: 342, coveragePct: 100 });
});

test("a span that is covered from end to end is covered to exactly 100 %, whatever its shares sum to", async () => {
  const halfHours = Array.from({ length: 48 }, (_, index) => {
    const startMs = Date.parse("2026-03-10T00:00:00Z") + (index * hourMs) / 2;
    return { ...exampleHour, startMs, endMs: startMs + hourMs / 2 };
  });
  const series = liveSeries(halfHours);
  const estimator = new CarbonEstimator({ region: "DE", intensity: { providers: [liveProvider(series)] } });
  for (let minute = 0; minute < 120; minute += 1) {
    const startTs = Date.parse("2026-03-10T10:00:00Z") + minute * 60_000;
    const estimate = await estimator.estimateOverSpan({ startTs, endTs: startTs + 70 * 60_000, energyWh: 1000 });
    expect(estimate.coveragePct).toBe(100);
    expect(estimate.intensity.coveragePct).toBe(100);
    expect(estimate.notes.join(" ")).not.toMatch(/has no value/);
  }
});

test("30 days of one-minute values of 100 g/kWh are 100 g/kWh", () => {
  const startMs = Date.parse(ten);
  const minuteMs = 60_000;
  const periods = Array.from({ length: 30 * 24 * 60 }, (_, index) => ({
    ...exampleHour,
    startMs: startMs + index * minuteMs,
    endMs: startMs + (index + 1) * minuteMs,
    gramsPerKwh: 100,
  }));
  const span = { startMs, endMs: startMs + 30 * 24 * hourMs };
  const found = effectiveIntensity({ series: liveSeries(periods), span, energyByTime: null, policy: "drop" });
  expect(found).toMatchObject({ gramsPerKwh: 100, coveredShare: 1, usedShare: 1 });
});
