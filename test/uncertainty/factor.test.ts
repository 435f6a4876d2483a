import * as fc from "fast-check";
import { expect, test } from "vitest";
import { analyticalTruncated } from "../../src/uncertainty/analytical-truncated.ts";
import { isScored, productOfFactorDistributions } from "../../src/uncertainty/factor.ts";
import { lognormalFromMean, lognormalQuantile } from "../../src/uncertainty/lognormal.ts";
import { relativeDistance } from "./relative-distance.ts";

/** A PUE of 1.3 whose excess over 1 is known to about 50 %. */
const pue = { mean: 1.3, standardUncertainty: 0.16, lowest: 1 };

test("factors without a lowest value multiply to a lognormal, which needs no table", () => {
  const product = productOfFactorDistributions([
    { mean: 2, standardUncertainty: 0.5 },
    { mean: 3, standardUncertainty: 1 },
  ]);
  expect(isScored(product)).toBe(false);
  expect(product.mean).toBe(6);
});

test("an exact factor scales one with a lowest value", () => {
  const energy = { mean: 10, standardUncertainty: 0 };
  const bare = analyticalTruncated({ energy, factors: [pue] });
  const twice = analyticalTruncated({ energy, factors: [pue, { mean: 2, standardUncertainty: 0 }] });
  expect(relativeDistance(twice.lower, 2 * bare.lower)).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(twice.upper, 2 * bare.upper)).toBeLessThanOrEqual(1e-12);
});

test("a factor that barely scatters leaves the interval of the PUE alone", () => {
  const energy = { mean: 10, standardUncertainty: 0 };
  const alone = analyticalTruncated({ energy, factors: [pue] });
  const almost = analyticalTruncated({ energy, factors: [pue, { mean: 1, standardUncertainty: 1e-6 }] });
  expect(relativeDistance(almost.lower, alone.lower)).toBeLessThanOrEqual(1e-5);
  expect(relativeDistance(almost.upper, alone.upper)).toBeLessThanOrEqual(1e-5);
});

test("a PUE that barely scatters leaves the interval of the other factor alone", () => {
  const energy = { mean: 10, standardUncertainty: 0 };
  const at = (u: number) =>
    analyticalTruncated({
      energy,
      factors: [
        { mean: 1.3, standardUncertainty: u, lowest: 1 },
        { mean: 1, standardUncertainty: 0.3 },
      ],
    });
  expect(relativeDistance(at(1e-5).lower, at(0).lower)).toBeLessThanOrEqual(1e-6);
  expect(relativeDistance(at(1e-5).upper, at(0).upper)).toBeLessThanOrEqual(1e-6);
});

test("lowest values of next to nothing give the lognormal of the factors, however many there are", () => {
  const energy = { mean: 10, standardUncertainty: 1 };
  const at = (lowest: number) =>
    analyticalTruncated({
      energy,
      factors: [0.1, 0.3, 0.5].map((standardUncertainty) => ({ mean: 1, standardUncertainty, lowest })),
    });
  expect(relativeDistance(at(1e-9).lower, at(0).lower)).toBeLessThanOrEqual(1e-6);
  expect(relativeDistance(at(1e-9).median, at(0).median)).toBeLessThanOrEqual(1e-6);
  expect(relativeDistance(at(1e-9).upper, at(0).upper)).toBeLessThanOrEqual(1e-6);
});

test("the order of the factors does not matter", () => {
  const factors = [pue, { mean: 2, standardUncertainty: 0.5, lowest: 0.5 }, { mean: 1, standardUncertainty: 0.2 }];
  const energy = { mean: 20, standardUncertainty: 1 };
  const [forth, back] = [factors, factors.toReversed()].map((order) => analyticalTruncated({ energy, factors: order }));
  expect(relativeDistance(forth?.lower ?? 0, back?.lower ?? 1)).toBeLessThanOrEqual(1e-4);
  expect(relativeDistance(forth?.upper ?? 0, back?.upper ?? 1)).toBeLessThanOrEqual(1e-4);
});

test("whatever a PUE and an intensity scatter by, ends and median are finite and in order, above the lowest value", () => {
  const spread = fc.double({ min: 1e-9, max: 2, noNaN: true });
  fc.assert(
    fc.property(fc.double({ min: -2, max: 1e4, noNaN: true }), spread, spread, spread, (ratio, excess, relative, u) => {
      const { lower, median, upper } = analyticalTruncated({
        energy: { mean: ratio, standardUncertainty: 1 },
        factors: [
          { mean: 1 + excess, standardUncertainty: excess * relative, lowest: 1 },
          { mean: 1, standardUncertainty: u },
        ],
      });
      expect(lower).toBeGreaterThanOrEqual(0);
      expect(median).toBeGreaterThan(lower);
      expect(upper).toBeGreaterThan(median);
      expect(upper).toBeLessThan(Number.POSITIVE_INFINITY);
    }),
    { numRuns: 200 },
  );
});

test("an exact energy times such a factor has exactly its interval", () => {
  const { lower, upper } = analyticalTruncated({ energy: { mean: 10, standardUncertainty: 0 }, factors: [pue] });
  const excess = lognormalFromMean(0.3, 0.16);
  expect(relativeDistance(lower, 10 * (1 + lognormalQuantile(excess, 0.025)))).toBeLessThanOrEqual(1e-9);
  expect(relativeDistance(upper, 10 * (1 + lognormalQuantile(excess, 0.975)))).toBeLessThanOrEqual(1e-9);
});

test.each([
  [50, 0.001],
  [2, 0.4],
])("an energy of %d uncertainties, nearly exact or not, is averaged over smoothly", (ratio, tolerance) => {
  const energy = { mean: ratio, standardUncertainty: 1 };
  const at = (lowest: number) => analyticalTruncated({ energy, factors: [{ ...pue, lowest }] });
  expect(at(1).mean).toBe(at(0).mean);
  expect(at(1).lower).toBeGreaterThan(at(0).lower);
  expect(relativeDistance(at(1e-9).upper, at(0).upper)).toBeLessThanOrEqual(tolerance * 1e-5);
});

test.each([-1, 1.3, 2, Number.NaN])(
  "a lowest value of %d, which is not below the mean or is below 0, is refused",
  (lowest) => {
    const factors = [{ ...pue, lowest }];
    expect(() => analyticalTruncated({ energy: { mean: 1, standardUncertainty: 0 }, factors })).toThrow("lowest value");
  },
);
