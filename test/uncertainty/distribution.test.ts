import { expect, test } from "vitest";
import { type Distribution, momentsOf, quantileFunction } from "../../src/uncertainty/distribution.ts";
import { Sfc32, startBlock, streamKey } from "../../src/uncertainty/random-stream.ts";
import { samplerOf } from "../../src/uncertainty/sampling.ts";
import { relativeDistance } from "./relative-distance.ts";

const distributions: readonly Distribution[] = [
  { kind: "normal", mean: 5, standardDeviation: 2 },
  { kind: "truncated_normal", parentMean: 1, parentSigma: 1 },
  { kind: "truncated_normal", parentMean: -6, parentSigma: 1 },
  { kind: "truncated_normal", parentMean: -80, parentSigma: 1 },
  { kind: "truncated_normal", parentMean: 3, parentSigma: 1, low: 2.5 },
  { kind: "lognormal", lnMedian: 1, lnSigma: 0.4 },
  { kind: "shifted_lognormal", shift: 1, lnMedian: -0.6, lnSigma: 0.3 },
  { kind: "rectangular", low: -1, high: 3 },
  { kind: "triangular", low: 0, mode: 0.2, high: 1 },
  { kind: "trapezoidal", low: 0, high: 10, topFraction: 0.4 },
  { kind: "curvilinear_trapezoid", low: -0.05, high: 0.06, limitHalfWidth: 0.025 },
  { kind: "curvilinear_trapezoid", low: 0, high: 2, limitHalfWidth: 1 },
  { kind: "arcsine", low: -0.5, high: 0.7 },
  { kind: "student_t", location: 10, scale: 2, degreesOfFreedom: 6 },
  { kind: "gamma", shape: 2.5, scale: 3 },
  { kind: "gamma", shape: 0.4, scale: 3 },
  { kind: "exponential", mean: 4 },
];

const draws = 200_000;

function drawn(distribution: Distribution): Float64Array {
  const generator = new Sfc32();
  startBlock(generator, streamKey(4, "source"), 0);
  const values = new Float64Array(draws);
  samplerOf(distribution)(generator, values, draws);
  return values;
}

for (const distribution of distributions) {
  test(`draws follow ${JSON.stringify(distribution)}: as many below each of its quantiles as there should be`, () => {
    const values = drawn(distribution);
    const quantile = quantileFunction(distribution);
    for (const p of [0.001, 0.025, 0.2, 0.5, 0.9, 0.975, 0.999]) {
      const limit = quantile(p);
      const share = values.reduce((count, value) => count + Number(value <= limit), 0) / draws;
      // Four and a half standard deviations of a binomial share.
      expect(Math.abs(share - p)).toBeLessThan(4.5 * Math.sqrt((p * (1 - p)) / draws));
    }
  });

  test(`draws of ${JSON.stringify(distribution)} have the stated mean and standard deviation`, () => {
    const values = drawn(distribution);
    const { mean, standardDeviation } = momentsOf(distribution);
    const average = values.reduce((sum, value) => sum + value, 0) / draws;
    const square = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / draws;
    expect(Math.abs(average - mean)).toBeLessThan((4.5 * standardDeviation) / Math.sqrt(draws));
    expect(relativeDistance(Math.sqrt(square), standardDeviation)).toBeLessThan(0.03);
  });
}

test("an exact value has no spread", () => {
  const distribution: Distribution = { kind: "exact", value: 3 };
  expect(momentsOf(distribution)).toEqual({ mean: 3, standardDeviation: 0 });
  expect(new Set(drawn(distribution))).toEqual(new Set([3]));
  expect(quantileFunction(distribution)(0.1)).toBe(3);
});

test("normal numbers have as much in the tails as they should: 10^7 draws beyond 3, 4 and 4.5 sigma", () => {
  const generator = new Sfc32();
  const values = new Float64Array(1_000_000);
  const sampler = samplerOf({ kind: "normal", mean: 0, standardDeviation: 1 });
  const beyond = [3, 4, 4.5].map((limit) => ({ limit, count: 0 }));
  for (let block = 0; block < 10; block += 1) {
    startBlock(generator, streamKey(1, "tails"), block);
    sampler(generator, values, values.length);
    for (const tail of beyond) for (const z of values) tail.count += Number(Math.abs(z) > tail.limit);
  }
  for (const [index, expected] of [26997.96, 633.42, 67.95].entries()) {
    expect(Math.abs((beyond[index]?.count ?? 0) - expected)).toBeLessThan(4 * Math.sqrt(expected));
  }
});

test.each<[string, Distribution]>([
  ["standardDeviation", { kind: "normal", mean: 0, standardDeviation: -1 }],
  ["mean", { kind: "normal", mean: Number.NaN, standardDeviation: 1 }],
  ["high", { kind: "rectangular", low: 1, high: 0 }],
  ["mode", { kind: "triangular", low: 0, mode: 2, high: 1 }],
  ["topFraction", { kind: "trapezoidal", low: 0, high: 1, topFraction: 1.5 }],
  ["limitHalfWidth", { kind: "curvilinear_trapezoid", low: 0, high: 1, limitHalfWidth: 0.6 }],
  ["shape", { kind: "gamma", shape: 0, scale: 1 }],
  ["degreesOfFreedom", { kind: "student_t", location: 0, scale: 1, degreesOfFreedom: 0 }],
  ["mean", { kind: "exponential", mean: -1 }],
])("a bad %s is refused by name", (name, distribution) => {
  expect(() => momentsOf(distribution)).toThrow(`The ${name} of a ${distribution.kind} distribution`);
});
