import { expect, test } from "vitest";
import {
  pairedDetectableEffect,
  pairedSampleSize,
  pairedTPower,
  sampleSizeFromPilot,
} from "../../src/uncertainty/paired-power.ts";
import { comparePairs } from "../../src/uncertainty/paired-samples.ts";
import { sampleMoments } from "../../src/uncertainty/sample.ts";
import { seededNormals } from "./seeded-normals.ts";

test.each([
  [1, 0.8, 10],
  [1, 0.9, 13],
  [0.5, 0.8, 34],
  [0.5, 0.9, 44],
  [0.2, 0.8, 199],
  [0.2, 0.9, 265],
  [2, 0.8, 5],
])("an effect of %f deviations at power %f takes %i pairs (non-central t)", (effect, power, count) => {
  expect(pairedSampleSize({ effect, deviation: 1, power })).toBe(count);
  expect(pairedTPower(effect, { deviation: 1, count, systematic: 0 })).toBeGreaterThanOrEqual(power);
  expect(pairedTPower(effect, { deviation: 1, count: count - 1, systematic: 0 })).toBeLessThan(power);
});

test("what a number of pairs detects takes that number of pairs", () => {
  const error = { deviation: 0.04, count: 20, systematic: 0.005 };
  const effect = pairedDetectableEffect(error, { power: 0.9 });
  expect(pairedTPower(effect, error)).toBeCloseTo(0.9, 8);
  expect(pairedSampleSize({ effect: effect * 1.0001, power: 0.9, ...error })).toBe(20);
});

test("no number of pairs shows what lies below the part that does not scatter", () => {
  const question = { effect: 0.05, deviation: 0.03, systematic: 0.04 };
  expect(pairedSampleSize(question)).toBeNull();
  expect(sampleSizeFromPilot({ ...question, pilotCount: 8 })).toBeNull();
});

test("a pilot of few pairs asks for more than a known deviation does, and one of many for the same", () => {
  const question = { effect: 0.05, deviation: 0.05, power: 0.9 };
  const known = pairedSampleSize(question) ?? 0;
  expect(sampleSizeFromPilot({ ...question, pilotCount: 5 })).toBeGreaterThan(known + 5);
  expect(sampleSizeFromPilot({ ...question, pilotCount: 10_000 })).toBe(known);
});

test("whatever the deviation is, a comparison sized by eight pilot pairs sees its effect as often as it says", () => {
  const normal = seededNormals(41);
  const trials = 1500;
  const effect = Math.log(1.05);
  let [seen, naive] = [0, 0];
  for (let trial = 0; trial < trials; trial += 1) {
    const pairs = (count: number): number[] => Array.from({ length: count }, () => effect + 0.06 * normal());
    const deviation = Math.sqrt(sampleMoments(pairs(8)).variance);
    const question = { effect, deviation, power: 0.9 };
    const isSeen = (count: number | null): boolean => {
      const values = pairs(Math.max(5, count ?? 0)).map(Math.exp);
      return comparePairs(values, new Array<number>(values.length).fill(1)).pValue < 0.05;
    };
    if (isSeen(sampleSizeFromPilot({ ...question, pilotCount: 8 }))) seen += 1;
    if (isSeen(pairedSampleSize(question))) naive += 1;
  }
  expect(seen / trials).toBeGreaterThan(0.9 - 3 * Math.sqrt(0.09 / trials));
  // Taking the pilot's deviation for the truth does not keep the promise: this test can tell.
  expect(naive / trials).toBeLessThan(0.9 - 3 * Math.sqrt(0.09 / trials));
});

test.each([
  [{ effect: 0, deviation: 1 }, "The effect is 0"],
  [{ effect: 1, deviation: 0 }, "The deviation is 0"],
  [{ effect: 1, deviation: 1, power: 0.01 }, "The power is 0.01"],
  [{ effect: 1, deviation: 1, alpha: 2 }, "The alpha is 2"],
  [{ effect: 1, deviation: 1, systematic: -1 }, "The systematic part is -1"],
])("%j is refused in a sentence", (question, words) => {
  expect(() => pairedSampleSize(question)).toThrow(words);
});
