import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import {
  lnSigmaFromRelative,
  lognormalCdf,
  lognormalFromMean,
  lognormalFromRange,
  lognormalMean,
  lognormalQuantile,
  relativeFromLnSigma,
} from "../../src/uncertainty/lognormal.ts";
import { relativeDistance } from "./relative-distance.ts";
import { sharedCases } from "./shared-vectors.ts";

test("a lognormal of mean 400 and uncertainty 40 has its median below the mean and a skewed interval", () => {
  const distribution = lognormalFromMean(400, 40);
  expect(relativeDistance(lognormalQuantile(distribution, 0.5), 398.01487608399566)).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(lognormalQuantile(distribution, 0.025), 327.3337648084487)).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(lognormalQuantile(distribution, 0.975), 483.95814491322403)).toBeLessThanOrEqual(1e-12);
});

test("a lognormal matched to a mean keeps that mean", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: 0, max: 2, noNaN: true }),
      (mean, relative) => {
        expect(relativeDistance(lognormalMean(lognormalFromMean(mean, mean * relative)), mean)).toBeLessThanOrEqual(
          1e-9,
        );
      },
    ),
  );
});

test("a range at a level gives back that range: coal's 740 to 910 g/kWh at 95 %", () => {
  const distribution = lognormalFromRange(740, 910, 0.95);
  expect(relativeDistance(distribution.lnSigma, 0.05275464624448414)).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(lognormalQuantile(distribution, 0.025), 740)).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(lognormalQuantile(distribution, 0.975), 910)).toBeLessThanOrEqual(1e-12);
});

test("relative uncertainty and log standard deviation undo each other", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 3, noNaN: true }), (relative) => {
      expect(relativeDistance(relativeFromLnSigma(lnSigmaFromRelative(relative)), relative)).toBeLessThanOrEqual(1e-9);
    }),
  );
});

test("an exact quantity is a step", () => {
  const exact = lognormalFromMean(5, 0);
  expect(lognormalCdf(exact, 4.999)).toBe(0);
  expect(lognormalCdf(exact, 5.001)).toBe(1);
  expect(relativeDistance(lognormalQuantile(exact, 0.9), 5)).toBeLessThanOrEqual(1e-15);
});

const shared = sharedCases(
  "lognormal_gamma.json",
  z.object({
    name: z.string(),
    mean: z.number(),
    u: z.number(),
    expected: z.object({
      lognormal: z.object({ mu: z.number(), sigma: z.number(), interval_95: z.tuple([z.number(), z.number()]) }),
    }),
    tolerance: z.object({ relative: z.number() }),
  }),
);

for (const { name, mean, u, expected, tolerance } of shared) {
  test(`shared vector: lognormal ${name}`, () => {
    const distribution = lognormalFromMean(mean, u);
    expect(relativeDistance(distribution.lnMedian, expected.lognormal.mu)).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(distribution.lnSigma, expected.lognormal.sigma)).toBeLessThanOrEqual(tolerance.relative);
    expect(
      relativeDistance(lognormalQuantile(distribution, 0.025), expected.lognormal.interval_95[0]),
    ).toBeLessThanOrEqual(tolerance.relative);
    expect(
      relativeDistance(lognormalQuantile(distribution, 0.975), expected.lognormal.interval_95[1]),
    ).toBeLessThanOrEqual(tolerance.relative);
  });
}

const sharedRanges = sharedCases(
  "lognormal_gamma.json",
  z.object({
    name: z.string(),
    low: z.number(),
    high: z.number(),
    level: z.number(),
    expected: z.object({ sigma: z.number(), mean: z.number() }),
  }),
);

for (const { name, low, high, level, expected } of sharedRanges) {
  test(`shared vector: lognormal ${name}`, () => {
    const distribution = lognormalFromRange(low, high, level);
    expect(relativeDistance(distribution.lnSigma, expected.sigma)).toBeLessThanOrEqual(1e-10);
    expect(relativeDistance(lognormalMean(distribution), expected.mean)).toBeLessThanOrEqual(1e-10);
  });
}
