import * as fc from "fast-check";
import { expect, test } from "vitest";
import { analyticalTruncated } from "../../src/uncertainty/analytical-truncated.ts";
import { productAsFactor } from "../../src/uncertainty/factor.ts";
import { lognormalFromMean, lognormalQuantile } from "../../src/uncertainty/lognormal.ts";
import { relativeDistance } from "./relative-distance.ts";

/** A PUE of 1.3 whose excess over 1 is known to about 50 %. */
const pue = { mean: 1.3, standardUncertainty: 0.16, lowest: 1 };

test("a single factor on top of a lowest value comes back as it is", () => {
  const product = productAsFactor([pue, { mean: 2, standardUncertainty: 0 }]);
  expect(relativeDistance(product.mean, 2.6)).toBeLessThanOrEqual(1e-14);
  expect(relativeDistance(product.standardUncertainty, 0.32)).toBeLessThanOrEqual(1e-14);
  expect(relativeDistance(product.lowest, 2)).toBeLessThanOrEqual(1e-12);
});

test("factors without a lowest value multiply to a lognormal, which has none either", () => {
  expect(
    productAsFactor([
      { mean: 2, standardUncertainty: 0.5 },
      { mean: 3, standardUncertainty: 1 },
    ]).lowest,
  ).toBe(0);
});

test("the product's lowest value lies between 0 and the product of those of its factors and means", () => {
  const spread = fc.double({ min: 1e-6, max: 1, noNaN: true });
  fc.assert(
    fc.property(spread, spread, spread, (excess, relative, other) => {
      const product = productAsFactor([
        { mean: 1 + excess, standardUncertainty: excess * relative, lowest: 1 },
        { mean: 1, standardUncertainty: other },
      ]);
      expect(product.lowest).toBeGreaterThanOrEqual(0);
      expect(product.lowest).toBeLessThan(product.mean);
    }),
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
