import { expect, test } from "vitest";
import { comparePairs, holmAdjusted } from "../../src/uncertainty/paired-samples.ts";
import { seededNormals } from "./seeded-normals.ts";

/** Student's own example (Biometrika 6 (1908) 1): hours of sleep that ten patients gained by two drugs. */
const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2].map(Math.exp);
const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4].map(Math.exp);

test("Student's sleep data, as logarithms: the known difference, interval and p-value", () => {
  const { ratio, lower, upper, pValue, count, degreesOfFreedom, deviation } = comparePairs(second, first);
  expect(Math.log(ratio)).toBeCloseTo(1.58, 12);
  expect(Math.log(lower)).toBeCloseTo(0.700_114_2, 6);
  expect(Math.log(upper)).toBeCloseTo(2.459_885_8, 6);
  expect(pValue).toBeCloseTo(0.002_832_89, 8);
  expect([count, degreesOfFreedom]).toEqual([10, 9]);
  expect(deviation).toBeCloseTo(1.229_995_5, 6);
});

test("what both values of a pair share as a percentage cancels", () => {
  const drift = [1, 1.5, 0.4, 3, 9, 0.01, 7, 2, 5, 1];
  const drifted = comparePairs(
    second.map((value, index) => value * (drift[index] ?? 1)),
    first.map((value, index) => value * (drift[index] ?? 1)),
  );
  expect(drifted.ratio).toBeCloseTo(comparePairs(second, first).ratio, 10);
  expect(drifted.pValue).toBeCloseTo(comparePairs(second, first).pValue, 10);
});

test("a systematic part widens the interval, and has no scatter that few pairs could misjudge", () => {
  const plain = comparePairs(second, first);
  const { standardUncertainty, degreesOfFreedom, pValue, ratio } = comparePairs(second, first, { systematic: 0.3 });
  expect(standardUncertainty).toBeCloseTo(Math.hypot(plain.standardUncertainty, 0.3), 12);
  expect(degreesOfFreedom).toBeGreaterThan(plain.degreesOfFreedom);
  expect(pValue).toBeGreaterThan(plain.pValue);
  expect(ratio).toBe(plain.ratio);
});

test("differences scatter at least as much as the clocks that they were measured with", () => {
  const { deviation, pValue } = comparePairs([2, 2, 2], [1, 1, 1], { smallestDeviation: 0.1 });
  expect(deviation).toBe(0.1);
  expect(pValue).toBeGreaterThan(0);
});

test.each([
  [[1, 2], [1], "have two values each"],
  [[1], [1], "at least 2 values"],
  [[1, -2], [1, 2], "values above 0"],
  [[2, 2], [1, 1], "no scatter"],
])("%j beside %j is refused in a sentence", (a, b, words) => {
  expect(() => comparePairs(a, b)).toThrow(words);
});

test("Holm's correction: the smallest p-value is multiplied by the number of tests, and no later one is smaller", () => {
  const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toFixed(6)));
  expect(rounded(holmAdjusted([0.01, 0.04, 0.03, 0.02]))).toEqual([0.04, 0.06, 0.06, 0.06]);
  expect(rounded(holmAdjusted([0.5, 0.9]))).toEqual([1, 1]);
  expect(holmAdjusted([0.03])).toEqual([0.03]);
});

test("among seven comparisons of equal things, one in twenty campaigns has a false alarm", () => {
  const normal = seededNormals(77);
  const campaigns = 1500;
  const draws = (): number[] => Array.from({ length: 8 }, () => Math.exp(normal()));
  let alarms = 0;
  for (let campaign = 0; campaign < campaigns; campaign += 1) {
    const reference = draws();
    const pValues = Array.from({ length: 7 }, () => comparePairs(draws(), reference).pValue);
    if (holmAdjusted(pValues).some((pValue) => pValue < 0.05)) alarms += 1;
  }
  // 5 % and three binomial deviations; below it, as the tests share their reference.
  expect(alarms / campaigns).toBeLessThan(0.067);
  expect(alarms / campaigns).toBeGreaterThan(0.015);
});
