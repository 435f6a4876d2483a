import { expect, test } from "vitest";
import { minimumDetectableEffect, sampleSizePerGroup, twoSampleTPower } from "../../src/uncertainty/power.ts";
import { compareMeans } from "../../src/uncertainty/two-samples.ts";
import { seededNormals } from "./seeded-normals.ts";

test.each([
  [0.1, 1571, 2103],
  [0.2, 394, 527],
  [0.5, 64, 86],
  [0.8, 26, 34],
  [1, 17, 23],
  [2, 6, 7],
])("to see %s standard deviations takes %i runs a group at power 0.8, %i at 0.9", (effectSize, at80, at90) => {
  expect(sampleSizePerGroup({ effectSize, power: 0.8 }).countPerGroup).toBe(at80);
  expect(sampleSizePerGroup({ effectSize, power: 0.9 }).countPerGroup).toBe(at90);
});

test("the number is the smallest that reaches the power", () => {
  const { countPerGroup, power, normalApproximation } = sampleSizePerGroup({ effectSize: 0.5 });
  expect(power).toBeGreaterThanOrEqual(0.8);
  expect(twoSampleTPower(countPerGroup - 1, 0.5)).toBeLessThan(0.8);
  expect(normalApproximation).toBe(63);
});

test("without an effect the power is the false alarm rate", () => {
  expect(twoSampleTPower(10, 0)).toBeCloseTo(0.05, 12);
  expect(twoSampleTPower(10, 0, { isTwoSided: false, alpha: 0.01 })).toBeCloseTo(0.01, 12);
});

test("a one-sided test needs fewer runs, and a sign does not matter to a two-sided one", () => {
  const two = sampleSizePerGroup({ effectSize: -0.5 }).countPerGroup;
  expect(two).toBe(64);
  expect(sampleSizePerGroup({ effectSize: 0.5, isTwoSided: false }).countPerGroup).toBe(51);
});

test("the smallest effect that 64 runs show is half a standard deviation", () => {
  const effect = minimumDetectableEffect(64);
  expect(effect).toBeCloseTo(0.499, 3);
  expect(twoSampleTPower(64, effect)).toBeCloseTo(0.8, 10);
});

test("in simulation the effect is seen as often as promised", () => {
  const normal = seededNormals(20266);
  const rounds = 3000;
  let seen = 0;
  for (let round = 0; round < rounds; round += 1) {
    const a = Array.from({ length: 17 }, () => normal() + 1);
    const b = Array.from({ length: 17 }, normal);
    if (compareMeans(a, b).pValue < 0.05) seen += 1;
  }
  expect(Math.abs(seen / rounds - 0.807)).toBeLessThan(3.76 * Math.sqrt((0.807 * 0.193) / rounds));
});

test("questions without an answer are refused", () => {
  expect(() => sampleSizePerGroup({ effectSize: 0 })).toThrow("other than 0");
  expect(() => sampleSizePerGroup({ effectSize: 1e-6 })).toThrow("ten million");
  expect(() => sampleSizePerGroup({ effectSize: -1, isTwoSided: false })).toThrow("above 0");
  expect(() => sampleSizePerGroup({ effectSize: 1, power: 1 })).toThrow("power is 1");
  expect(() => twoSampleTPower(1, 0.5)).toThrow("2 or more");
  expect(() => twoSampleTPower(5, 0.5, { alpha: 0 })).toThrow("alpha is 0");
  expect(() => minimumDetectableEffect(5, { power: 0.01 })).toThrow("between alpha");
});
