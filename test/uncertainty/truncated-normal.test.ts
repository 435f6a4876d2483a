import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { truncatedNormal } from "../../src/uncertainty/truncated-normal.ts";
import { relativeDistance } from "./relative-distance.ts";
import { sharedCases } from "./shared-vectors.ts";

interface Case {
  readonly mu: number;
  readonly sigma: number;
  readonly mean: number;
  readonly sd: number;
  readonly median: number;
  readonly interval: readonly [number, number];
}

/** Moments and 95 % equal-tailed intervals from 60-digit arithmetic. */
const cases: readonly Case[] = [
  {
    mu: 3,
    sigma: 1,
    mean: 3.004437839042126,
    sd: 0.9933110230226276,
    median: 3.0016918470940848,
    interval: [1.0620744079933775, 4.960541733247199],
  },
  {
    mu: 0,
    sigma: 1,
    mean: 0.7978845608028654,
    sd: 0.602810274989087,
    median: 0.6744897501960817,
    interval: [0.03133798202142658, 2.2414027276049455],
  },
  {
    mu: -1,
    sigma: 1,
    mean: 0.5251352761609812,
    sd: 0.4462036144747696,
    median: 0.40960870929345455,
    interval: [0.016528579328938302, 1.6549182651648255],
  },
  {
    mu: -10,
    sigma: 1,
    mean: 0.09809323396251196,
    sd: 0.09718733366882878,
    median: 0.06841183608142941,
    interval: [0.002506878759384341, 0.3589826578120374],
  },
  {
    mu: -1000,
    sigma: 1,
    mean: 0.00099999800001,
    sd: 0.0009999970000204997,
    median: 0.0006931462471894646,
    interval: [2.5317782346063433e-5, 0.003688868961382049],
  },
  {
    mu: 1e-9,
    sigma: 3e-9,
    mean: 2.7954708343952182e-9,
    sd: 1.99519764646035e-9,
    median: 2.4428220384036945e-9,
    interval: [1.2448648590063025e-10, 7.451035090393698e-9],
  },
];

test.each(cases)(
  "moments and interval of N($mu, $sigma) above 0 hold to 12 digits",
  ({ mu, sigma, mean, sd, median, interval }) => {
    const distribution = truncatedNormal(mu, sigma);
    expect(relativeDistance(distribution.mean, mean)).toBeLessThanOrEqual(1e-12);
    expect(relativeDistance(distribution.standardDeviation, sd)).toBeLessThanOrEqual(1e-12);
    expect(relativeDistance(distribution.quantile(0.5), median)).toBeLessThanOrEqual(1e-12);
    expect(relativeDistance(distribution.quantile(0.025), interval[0])).toBeLessThanOrEqual(1e-12);
    expect(relativeDistance(distribution.quantile(0.975), interval[1])).toBeLessThanOrEqual(1e-12);
  },
);

test("it says how much of the parent lay below zero", () => {
  expect(relativeDistance(truncatedNormal(1, 1).massBelowZero, 0.15865525393145707)).toBeLessThanOrEqual(1e-14);
});

test("far above zero it is the normal distribution itself", () => {
  const distribution = truncatedNormal(100, 1);
  expect(distribution.mean).toBe(100);
  expect(distribution.standardDeviation).toBe(1);
});

test("nothing lies below zero, and everything above the ends of the quantile", () => {
  const distribution = truncatedNormal(1, 2);
  expect(distribution.cdf(-1)).toBe(0);
  expect(distribution.density(-1)).toBe(0);
  expect(distribution.quantile(0)).toBe(0);
  expect(distribution.quantile(1)).toBe(Number.POSITIVE_INFINITY);
});

test("quantile and distribution function undo each other, near zero and far below it", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -300, max: 6, noNaN: true }),
      fc.double({ min: 0.001, max: 0.999, noNaN: true }),
      (mu, p) => {
        const distribution = truncatedNormal(mu, 1);
        expect(relativeDistance(distribution.cdf(distribution.quantile(p)), p)).toBeLessThanOrEqual(1e-9);
      },
    ),
  );
});

const shared = sharedCases(
  "truncated_normal.json",
  z.object({
    name: z.string(),
    mu: z.number(),
    sigma: z.number(),
    expected: z.object({
      mean: z.number(),
      sd: z.number(),
      median: z.number(),
      interval_symmetric_95: z.tuple([z.number(), z.number()]),
    }),
    tolerance: z.object({ relative: z.number() }),
  }),
);

for (const { name, mu, sigma, expected, tolerance } of shared) {
  test(`shared vector: truncated normal ${name}`, () => {
    const distribution = truncatedNormal(mu, sigma);
    expect(relativeDistance(distribution.mean, expected.mean)).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(distribution.standardDeviation, expected.sd)).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(distribution.quantile(0.5), expected.median)).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(distribution.quantile(0.025), expected.interval_symmetric_95[0])).toBeLessThanOrEqual(
      tolerance.relative,
    );
    expect(relativeDistance(distribution.quantile(0.975), expected.interval_symmetric_95[1])).toBeLessThanOrEqual(
      tolerance.relative,
    );
  });
}
