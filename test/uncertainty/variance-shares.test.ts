import * as fc from "fast-check";
import { expect, test } from "vitest";
import { varianceShares } from "../../src/uncertainty/variance-shares.ts";
import { relativeDistance } from "./relative-distance.ts";

test("3 % beside 4 % has 9 of 25 parts of the variance", () => {
  const [smaller = 0, larger = 0] = varianceShares([
    { mean: 10, standardUncertainty: 0.3 },
    { mean: 2, standardUncertainty: 0.08 },
  ]);
  expect(relativeDistance(smaller, 0.36)).toBeLessThanOrEqual(1e-3);
  expect(relativeDistance(larger, 0.64)).toBeLessThanOrEqual(1e-3);
});

test("when everything is exact there is no variance to share", () => {
  expect(varianceShares([{ mean: 1, standardUncertainty: 0 }])).toEqual([0]);
});

test("the shares of uncertain factors sum to 1", () => {
  const factor = fc.record({
    mean: fc.double({ min: 0.1, max: 100, noNaN: true }),
    standardUncertainty: fc.double({ min: 0.001, max: 50, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(factor, { minLength: 1, maxLength: 8 }), (factors) => {
      expect(
        relativeDistance(
          varianceShares(factors).reduce((sum, share) => sum + share, 0),
          1,
        ),
      ).toBeLessThanOrEqual(1e-12);
    }),
  );
});
