import { expect, test } from "vitest";
import {
  cusum,
  falseAlarmProbabilityAt,
  hampelFilter,
  largestPossibleZ,
  robustScore,
  spikeScore,
  spikeThreshold,
} from "../../src/uncertainty/anomaly.ts";
import { sampleMoments } from "../../src/uncertainty/sample.ts";
import { seededNormals } from "./seeded-normals.ts";

const points = 20_000;

/** Share of points that raise an alarm, each against a fresh baseline of the same normal distribution. */
function alarmRate(baselineCount: number, alarms: (point: number, baseline: readonly number[]) => boolean): number {
  const normal = seededNormals(20267);
  let count = 0;
  for (let index = 0; index < points; index += 1) {
    const baseline = Array.from({ length: baselineCount }, () => 5 + 0.1 * normal());
    if (alarms(5 + 0.1 * normal(), baseline)) count += 1;
  }
  return count / points;
}

test.each([
  { baseline: 4, stated: 0.01 },
  { baseline: 9, stated: 0.0027 },
  { baseline: 30, stated: 0.05 },
])("false alarms are as rare as stated: $stated with $baseline points", ({ baseline, stated }) => {
  const rate = alarmRate(
    baseline,
    (point, known) => spikeScore(point, known, { falseAlarmProbability: stated }).isAnomaly,
  );
  expect(Math.abs(rate - stated)).toBeLessThan(3.76 * Math.sqrt((stated * (1 - stated)) / points));
});

test("the Python original's default is caught: threshold 3, four points, population's deviation alarm at one point in ten", () => {
  const rate = alarmRate(4, (point, known) => {
    const { mean, variance } = sampleMoments(known);
    return Math.abs(point - mean) / Math.sqrt((variance * 3) / 4) > 3;
  });
  expect(Math.abs(rate - 0.1027)).toBeLessThan(3.76 * Math.sqrt((0.1027 * 0.8973) / points));
  expect(falseAlarmProbabilityAt(4, 3, "population")).toBeCloseTo(0.1027, 4);
});

test("a real spike is seen, and a point like the others is not", () => {
  const baseline = [5, 5.1, 4.9, 5.05, 4.95, 5, 5.1, 4.9, 5];
  expect(spikeScore(6, baseline).isAnomaly).toBe(true);
  expect(spikeScore(5.05, baseline).isAnomaly).toBe(false);
});

test("with ever more points the threshold is that of the normal distribution", () => {
  expect(spikeThreshold(1e6)).toBeCloseTo(3, 3);
  expect(spikeThreshold(4)).toBeGreaterThan(9);
});

test("a point inside its own window of ten can never reach 3", () => {
  const window = [0, 0, 0, 0, 0, 0, 0, 0, 0, 1e9];
  const { mean, variance } = sampleMoments(window);
  expect((1e9 - mean) / Math.sqrt(variance)).toBeCloseTo(largestPossibleZ(10), 10);
  expect(largestPossibleZ(10)).toBeLessThan(3);
});

test("one outlier in the baseline hides the next from the mean, not from the median", () => {
  const normal = seededNormals(11);
  let [classical, robust] = [0, 0];
  const rounds = 500;
  for (let round = 0; round < rounds; round += 1) {
    const baseline = [...Array.from({ length: 18 }, normal), 10];
    if (Math.abs(spikeScore(5, baseline).z) > 3) classical += 1;
    if (robustScore(5, baseline, { threshold: 3 }).isAnomaly) robust += 1;
  }
  expect(classical / rounds).toBeLessThan(0.05);
  expect(robust / rounds).toBeGreaterThan(0.8);
});

test("a flat baseline gives finite scores: the floor says what is too small to matter", () => {
  const flat = [5, 5, 5, 5, 5];
  expect(robustScore(5.2, flat)).toMatchObject({ median: 5, medianAbsoluteDeviation: 0, isAnomaly: true });
  expect(robustScore(5.2, flat).z).toBeCloseTo(40, 10);
  expect(robustScore(5.2, flat, { smallestSpread: 0.1 }).isAnomaly).toBe(false);
  expect(spikeScore(0, [0, 0, 0])).toMatchObject({ z: 0, isAnomaly: false });
  expect(Number.isFinite(spikeScore(1, [0, 0, 0]).z)).toBe(true);
});

test("Hampel's filter replaces an outlier by the median of its window, and nothing else", () => {
  const { filtered, outliers } = hampelFilter([1, 2, 3, 50, 5, 6, 7], { halfWidth: 3 });
  expect(outliers).toEqual([3]);
  expect(filtered).toEqual([1, 2, 3, 5, 5, 6, 7]);
});

test("a drift of one standard deviation, which no point shows alone, adds up to an alarm", () => {
  const drift = [0.1, -0.3, 0.4, 1.2, 1.1, 0.9, 1.3, 1.0, 1.4, 1.1, 0.9, 1.2];
  expect(drift.some((z) => Math.abs(z) > 3)).toBe(false);
  expect(cusum(drift, { threshold: 4 }).firstAlarmIndex).toBe(9);
  expect(
    cusum(
      drift.map((z) => -z),
      { threshold: 4 },
    ).firstAlarmIndex,
  ).toBe(9);
  expect(cusum([]).firstAlarmIndex).toBeNull();
});

test("without a drift the default alarms about once in 370 points", () => {
  const normal = seededNormals(20268);
  const runs = 300;
  let length = 0;
  for (let run = 0; run < runs; run += 1) {
    const series = Array.from({ length: 3000 }, normal);
    length += 1 + (cusum(series).firstAlarmIndex ?? series.length);
  }
  // Lengths are nearly exponential: the mean of 300 is known to 6 %.
  expect(Math.abs(length / runs / 370 - 1)).toBeLessThan(0.2);
});

test("settings outside their ranges are refused", () => {
  expect(() => spikeScore(1, [1])).toThrow("at least 2 values");
  expect(() => spikeScore(Number.NaN, [1, 2])).toThrow("must be finite");
  expect(() => spikeThreshold(1)).toThrow("2 or more");
  expect(() => spikeThreshold(5, 0)).toThrow("between 0 and 1");
  expect(() => hampelFilter([1, 2], { halfWidth: 0 })).toThrow("1 or more");
  expect(() => cusum([1], { threshold: 0 })).toThrow("threshold above 0");
  expect(() => robustScore(1, [1, 2], { smallestSpread: -1 })).toThrow("0 or more");
});
