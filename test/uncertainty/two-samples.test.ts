import { expect, test } from "vitest";
import { compareRanks } from "../../src/uncertainty/rank-test.ts";
import { compareMeans, compareRatios } from "../../src/uncertainty/two-samples.ts";
import { seededNormals } from "./seeded-normals.ts";

test("Welch's test of two small samples, worked by hand", () => {
  // Means 2 and 6, variances 1 and 4: t = -4 / sqrt(1/3 + 4/3), nu = (5/3)^2 / ((1/3)^2/2 + (4/3)^2/2).
  const result = compareMeans([1, 2, 3], [4, 6, 8]);
  expect(result.difference).toBe(-4);
  expect(result.t).toBeCloseTo(-4 / Math.sqrt(5 / 3), 12);
  expect(result.degreesOfFreedom).toBeCloseTo(25 / 9 / (17 / 18), 12);
  expect(result.cohenD).toBeCloseTo(-4 / Math.sqrt(2.5), 12);
  expect(result.hedgesG / result.cohenD).toBeCloseTo(1 - 3 / 15, 12);
});

test("the interval excludes 0 exactly when p is below 5 %", () => {
  const normal = seededNormals(7);
  for (let round = 0; round < 200; round += 1) {
    const a = Array.from({ length: 6 }, () => normal() + 1);
    const b = Array.from({ length: 5 }, () => 2 * normal());
    const { lower, upper, pValue } = compareMeans(a, b);
    expect(lower > 0 || upper < 0).toBe(pValue < 0.05);
  }
});

test("without a difference the tests reject 5 % of the time, however different the scatter", () => {
  const normal = seededNormals(20264);
  const rounds = 4000;
  let [means, ranks] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const a = Array.from({ length: 12 }, normal);
    const b = Array.from({ length: 8 }, () => 3 * normal());
    if (compareMeans(a, b).pValue < 0.05) means += 1;
    const c = Array.from({ length: 8 }, normal);
    if (compareRanks(a, c).pValue < 0.05) ranks += 1;
  }
  expect(Math.abs(means / rounds - 0.05)).toBeLessThan(0.013);
  // Ranks allow only some p values: the exact test rejects a little less often.
  expect(ranks / rounds).toBeGreaterThan(0.03);
  expect(ranks / rounds).toBeLessThan(0.06);
});

test("looking after every run and stopping at the first p below 5 % is no test at 5 %", () => {
  const normal = seededNormals(20265);
  const rounds = 400;
  let rejected = 0;
  for (let round = 0; round < rounds; round += 1) {
    const [a, b]: [number[], number[]] = [
      [normal(), normal()],
      [normal(), normal()],
    ];
    while (a.length < 40) {
      a.push(normal());
      b.push(normal());
      if (compareMeans(a, b).pValue >= 0.05) continue;
      rejected += 1;
      break;
    }
  }
  expect(rejected / rounds).toBeGreaterThan(0.18);
});

test("a version that takes 10 % more is a ratio of 1.1, whatever the unit", () => {
  const a = [110, 121, 99];
  const b = [100, 110, 90];
  const result = compareRatios(a, b);
  expect(result.ratio).toBeCloseTo(1.1, 12);
  const scaled = compareRatios(
    a.map((value) => value * 1000),
    b.map((value) => value * 1000),
  );
  expect(scaled.lower).toBeCloseTo(result.lower, 12);
  expect(result.lower * result.upper).toBeCloseTo(1.1 ** 2, 12);
});

test("ranks of two samples that do not overlap: the smallest p that so few runs can give", () => {
  // 2 of the 20 ways to choose 3 of 6 are as extreme.
  expect(compareRanks([1, 2, 3], [4, 5, 6])).toEqual({
    u: 0,
    probabilityOfSuperiority: 0,
    pValue: expect.closeTo(0.1, 12),
    method: "exact",
  });
});

test("ties and many values take the normal approximation", () => {
  const result = compareRanks([1, 2, 2, 3], [2, 3, 3, 4]);
  expect(result.method).toBe("normal");
  // One pair in which a is larger (3 over 2), and half of four ties: 2 twice with 2, 3 with 3 twice.
  expect(result.u).toBe(3);
  expect(compareRanks([5, 5], [5, 5]).pValue).toBe(1);
});

test("exact and approximate p agree for middling samples", () => {
  const normal = seededNormals(3);
  const a = Array.from({ length: 25 }, () => normal() + 0.5);
  const b = Array.from({ length: 25 }, normal);
  const exact = compareRanks(a, b);
  const approximate = compareRanks([...a, 100, 100], [...b, -100, -100]);
  expect(exact.method).toBe("exact");
  expect(approximate.method).toBe("normal");
  expect(exact.pValue).toBeGreaterThan(0);
  expect(approximate.pValue).toBeLessThan(exact.pValue);
});

test("samples that can say nothing are refused", () => {
  expect(() => compareMeans([1], [1, 2])).toThrow("at least 2 values");
  expect(() => compareMeans([1, 1], [2, 2])).toThrow("any scatter");
  expect(() => compareMeans([1, Number.NaN], [2, 3])).toThrow("must be finite");
  expect(() => compareRatios([1, 0], [2, 3])).toThrow("above 0");
  expect(() => compareRanks([], [1])).toThrow("at least 1 value");
  expect(() => compareMeans([1, 2], [2, 3], { level: 1 })).toThrow("level is 1");
});
