import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cutIntoBuckets } from "../../src/carbon/buckets.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { hourly, hourMs, liveProvider, liveSeries } from "./example-series.ts";

const ten = "2025-07-01T10:00:00Z";
const clock = { wallMs: () => Date.parse("2025-07-03T12:00:00Z") };
const span = (startTs: string, endTs: string) => ({ startMs: Date.parse(startTs), endMs: Date.parse(endTs) });

function estimatorWith(values: readonly (number | null)[], options: { readonly missingPolicy?: "step" | "drop" } = {}) {
  const intensity = { providers: [liveProvider(liveSeries(hourly(ten, values)))] };
  return new CarbonEstimator({ region: "DE", pue: 1, clock, intensity, ...options });
}

test("a span is cut where the provider's periods begin, and energy is weighed by overlap", async () => {
  const estimate = await estimatorWith([100, 400]).estimateOverSpan({
    startTs: "2025-07-01T10:45:00Z",
    endTs: "2025-07-01T11:30:00Z",
    energyWh: 1000,
  });
  expect(estimate.intensity.buckets).toMatchObject([
    {
      startTs: "2025-07-01T10:45:00.000Z",
      endTs: "2025-07-01T11:00:00.000Z",
      gramsPerKwh: 100,
      estimation: "observed",
    },
    { startTs: "2025-07-01T11:00:00.000Z", endTs: "2025-07-01T11:30:00.000Z", gramsPerKwh: 400 },
  ]);
  expect(estimate.intensityGPerKwh).toBeCloseTo((15 * 100 + 30 * 400) / 45, 9);
  expect(estimate).toMatchObject({ coveragePct: 100, qualityFlag: "measured" });
});

test("where it is known when the energy was used, the intensity of that time counts", async () => {
  const estimate = await estimatorWith([100, 400]).estimateOverSpan({
    startTs: ten,
    endTs: "2025-07-01T12:00:00Z",
    energyWh: 1000,
    energyByTime: [
      { ...span("2025-07-01T10:00:00Z", "2025-07-01T10:10:00Z"), energyWh: 900 },
      { ...span("2025-07-01T10:50:00Z", "2025-07-01T11:10:00Z"), energyWh: 100 },
    ],
  });
  expect(estimate.intensityGPerKwh).toBeCloseTo(0.95 * 100 + 0.05 * 400, 9);
});

test("energy of a time whose parts hold nothing is weighed by overlap again", async () => {
  const energyByTime = [{ ...span(ten, "2025-07-01T11:00:00Z"), energyWh: 0 }];
  const request = { startTs: ten, endTs: "2025-07-01T12:00:00Z", energyWh: 1, energyByTime };
  expect((await estimatorWith([100, 400]).estimateOverSpan(request)).intensityGPerKwh).toBeCloseTo(250, 9);
});

test("an hour that is missing between two others is interpolated, flagged, and not counted as covered", async () => {
  const estimate = await estimatorWith([100, null, 300]).estimateOverSpan({
    startTs: ten,
    endTs: "2025-07-01T13:00:00Z",
    energyWh: 3000,
  });
  expect(estimate.intensityGPerKwh).toBeCloseTo(200, 9);
  expect(estimate.coveragePct).toBeCloseTo(66.667, 2);
  expect(estimate.qualityFlag).toBe("estimated");
  expect(estimate.intensity.buckets.at(1)?.estimation).toBe("carbon-ops: interpolated");
  expect(estimate.notes.join(" ")).toContain("live has no value of its time");
});

test("over a longer gap the value before it stands in, and the longer, the less sure", async () => {
  const gapOf = (hours: number) => {
    const periods = hourly(ten, [100, ...new Array<null>(hours).fill(null), 300]);
    const buckets = cutIntoBuckets({
      span: { startMs: Date.parse(ten), endMs: Date.parse(ten) + (hours + 2) * hourMs },
      periods,
      energyByTime: null,
      policy: "step",
      zone: "DE",
    });
    return buckets.at(1);
  };
  expect(gapOf(4)).toMatchObject({ gramsPerKwh: 100, origin: "stepped", isEstimated: true });
  expect(gapOf(48)?.relativeUncertainty).toBeGreaterThan(gapOf(4)?.relativeUncertainty ?? Number.NaN);
});

test("a gap at the beginning takes the first value that is known", () => {
  const buckets = cutIntoBuckets({
    span: { startMs: Date.parse(ten) - 4 * hourMs, endMs: Date.parse(ten) + hourMs },
    periods: hourly(ten, [100]),
    energyByTime: null,
    policy: "step",
    zone: "DE",
  });
  expect(buckets.map(({ gramsPerKwh, origin }) => [gramsPerKwh, origin])).toEqual([
    [100, "stepped"],
    [100, "provider"],
  ]);
});

test("with the policy drop, only covered energy causes grams, and what was dropped is named", async () => {
  const estimate = await estimatorWith([100, null, null, 300], { missingPolicy: "drop" }).estimateOverSpan({
    startTs: ten,
    endTs: "2025-07-01T14:00:00Z",
    energyWh: 4000,
  });
  expect(estimate.grams).toBeCloseTo(100 + 300, 9);
  expect(estimate).toMatchObject({ coveragePct: 50, energyWh: 2000, energyWhStated: 4000 });
  expect(estimate.intensity.droppedEnergyWh).toBeCloseTo(2000, 9);
  expect(estimate.notes).toContain("2.00 kWh (50.0 % of the energy) are in no gram: live has no value for their time.");
});

test("when the policy drops everything there is no estimate, instead of 0 g", async () => {
  const energyByTime = [{ ...span("2025-07-01T11:00:00Z", "2025-07-01T12:00:00Z"), energyWh: 1 }];
  const request = { startTs: ten, endTs: "2025-07-01T12:00:00Z", energyWh: 1, energyByTime };
  await expect(estimatorWith([100, null], { missingPolicy: "drop" }).estimateOverSpan(request)).rejects.toMatchObject({
    code: "INTENSITY_NO_DATA",
  });
});

test("years in one-minute values are refused with the length that would fit", async () => {
  const startMs = Date.parse("2023-01-01T00:00:00Z");
  const minute = 60_000;
  const periods = Array.from({ length: 130_000 }, (_, index) => ({
    startMs: startMs + index * minute,
    endMs: startMs + (index + 1) * minute,
    gramsPerKwh: 300,
    isEstimated: false,
    estimationMethod: null,
    relativeUncertainty: 0,
    updatedAt: null,
  }));
  const estimator = new CarbonEstimator({
    region: "DE",
    clock,
    intensity: { providers: [liveProvider(liveSeries(periods))] },
  });
  const refused = estimator.estimateOverSpan({ startTs: startMs, endTs: startMs + 130_000 * minute, energyWh: 1 });
  await expect(refused).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: expect.stringMatching(
      /would be cut into 130000 buckets of about .*, but at most 120000 are allowed; split the span/,
    ),
  });
});

test("the record of a long span holds a bounded number of values, whose weighted mean is the intensity", async () => {
  const values = Array.from({ length: 720 }, (_, hour) => 200 + (hour % 24) * 10);
  const estimate = await estimatorWith(values).estimateOverSpan({
    startTs: ten,
    endTs: Date.parse(ten) + 720 * hourMs,
    energyWh: 1,
  });
  const { buckets, bucketCount } = estimate.intensity;
  expect(bucketCount).toBe(720);
  expect(buckets.length).toBeLessThanOrEqual(96);
  const mean = buckets.reduce((sum, { gramsPerKwh, energyShare }) => sum + (gramsPerKwh ?? 0) * energyShare, 0);
  expect(mean).toBeCloseTo(estimate.intensityGPerKwh, 9);
});

test("whatever the span and the gaps, shares of energy sum to 1 and the buckets cover the span without overlap", () => {
  const anyValue = fc.option(fc.double({ min: 0, max: 1000, noNaN: true }), { nil: null });
  const anySpan = fc.record({
    startHours: fc.double({ min: -3, max: 10, noNaN: true }),
    hours: fc.double({ min: 0, max: 12, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(anyValue, { minLength: 1, maxLength: 12 }), anySpan, (values, { startHours, hours }) => {
      const startMs = Date.parse(ten) + startHours * hourMs;
      const endMs = startMs + hours * hourMs;
      const buckets = cutIntoBuckets({
        span: { startMs, endMs },
        periods: hourly(ten, values),
        energyByTime: null,
        policy: "step",
        zone: "DE",
      });
      expect(buckets.reduce((sum, { energyShare }) => sum + energyShare, 0)).toBeCloseTo(1, 9);
      expect(buckets.at(0)?.startMs).toBe(startMs);
      expect(buckets.at(-1)?.endMs).toBe(Math.max(endMs, startMs + 1));
      for (const [index, bucket] of buckets.slice(1).entries()) expect(bucket.startMs).toBe(buckets[index]?.endMs);
    }),
  );
});

test("energy in parts is neither lost nor doubled, however periods and parts cut each other", () => {
  const anyPart = fc.record({
    gap: fc.integer({ min: 0, max: 90 }),
    length: fc.integer({ min: 1, max: 90 }),
    energyWh: fc.double({ min: 0, max: 10, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(anyPart, { minLength: 1, maxLength: 20 }), (parts) => {
      let reachedMs = Date.parse(ten);
      const energyByTime = parts.map(({ gap, length, energyWh }) => {
        const startMs = reachedMs + gap * 60_000;
        reachedMs = startMs + length * 60_000;
        return { startMs, endMs: reachedMs, energyWh };
      });
      const periods = hourly(ten, [1, 2, 3, 4, 5, 6, 7, 8]);
      const buckets = cutIntoBuckets({
        span: { startMs: Date.parse(ten), endMs: reachedMs },
        periods,
        energyByTime,
        policy: "step",
        zone: "DE",
      });
      const total = energyByTime.reduce((sum, { energyWh }) => sum + energyWh, 0);
      fc.pre(total > 0);
      const [first] = buckets;
      const inFirstHour = energyByTime.reduce((sum, part) => {
        const overlapMs = Math.min(part.endMs, first?.endMs ?? 0) - part.startMs;
        return (
          sum +
          (part.energyWh * Math.max(0, Math.min(overlapMs, part.endMs - part.startMs))) / (part.endMs - part.startMs)
        );
      }, 0);
      expect((first?.energyShare ?? 0) * total).toBeCloseTo(inFirstHour, 6);
      expect(buckets.reduce((sum, { energyShare }) => sum + energyShare, 0)).toBeCloseTo(1, 9);
    }),
  );
});

test.each([
  ["no list", "all of it", 'energyByTime is "all of it", but must be a list.'],
  ["a part that is none", [1], "energyByTime[0] is 1, but must be { startMs, endMs, energyWh }."],
  ["negative energy", [{ startMs: 0, endMs: 1, energyWh: -1 }], "energyByTime[0].energyWh is -1"],
  ["energy that is no number", [{ startMs: 0, endMs: 1, energyWh: Number.NaN }], "energyByTime[0].energyWh is NaN"],
  ["a part without length", [{ startMs: 5, endMs: 5, energyWh: 1 }], "must end after its start"],
  ["a time that is none", [{ startMs: "now", endMs: 1, energyWh: 1 }], 'energyByTime[0].startMs is "now"'],
  [
    "parts that overlap",
    [
      { startMs: 0, endMs: 10, energyWh: 1 },
      { startMs: 9, endMs: 20, energyWh: 1 },
    ],
    "overlap",
  ],
  ["a part outside the span", [{ startMs: 0, endMs: 7_200_000, energyWh: 1 }], "outside the span"],
])("%s is refused in one sentence", async (_, energyByTime, words) => {
  const fromJavaScript: { readonly energyByTime?: never } = JSON.parse(JSON.stringify({ energyByTime: [] }));
  const request = { startTs: 0, endTs: hourMs, energyWh: 1, ...fromJavaScript };
  Reflect.set(request, "energyByTime", energyByTime);
  await expect(estimatorWith([100]).estimateOverSpan(request)).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: expect.stringContaining(words),
  });
});
