import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  autoregressiveSum,
  effectiveCount,
  equicorrelatedSum,
  matrixSum,
} from "../../src/uncertainty/correlated-sum.ts";

const contributions = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 12 });

test("uncorrelated errors add in quadrature, fully correlated ones linearly", () => {
  expect(equicorrelatedSum([3, 4], 0)).toBe(5);
  expect(equicorrelatedSum([3, 4], 1)).toBe(7);
  expect(autoregressiveSum([3, 4], 0)).toBe(5);
  expect(autoregressiveSum([3, 4], 1)).toBe(7);
});

test("fully correlated errors of opposite sign cancel", () => {
  expect(equicorrelatedSum([3, -3], 1)).toBe(0);
});

test("the O(n) sums equal the full matrix", () => {
  fc.assert(
    fc.property(contributions, fc.double({ min: 0, max: 1, noNaN: true }), (terms, rho) => {
      const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
      const equal = terms.map((_, i) => terms.map((__, j) => (i === j ? 1 : rho)));
      expect(Math.abs(equicorrelatedSum(terms, rho) ** 2 - matrixSum(terms, equal) ** 2)).toBeLessThan(
        1e-12 * (1 + size ** 2),
      );
      const decaying = terms.map((_, i) => terms.map((__, j) => rho ** Math.abs(i - j)));
      expect(Math.abs(autoregressiveSum(terms, rho) ** 2 - matrixSum(terms, decaying) ** 2)).toBeLessThan(
        1e-12 * (1 + size ** 2),
      );
    }),
  );
});

test("a gap of two hours is an hour whose error is 0", () => {
  expect(autoregressiveSum([1, 2], 0.8, [2])).toBeCloseTo(autoregressiveSum([1, 0, 2], 0.8), 14);
});

test("24 equal hours correlated by 0.9 average no better than two independent ones", () => {
  expect(effectiveCount(24, 0.9)).toBeCloseTo(1.984, 3);
});

test("a correlation that no errors can have is refused", () => {
  expect(() => equicorrelatedSum([1, 1, 1], -0.6)).toThrow(/from -0.5 to 1/);
  expect(() => autoregressiveSum([1], 1.1)).toThrow("must be a number from -1 to 1");
  expect(() => matrixSum([1, 1], [[1], [1]])).toThrow("must have 2 rows");
  expect(() =>
    matrixSum(
      [1, -1],
      [
        [1, 2],
        [2, 1],
      ],
    ),
  ).toThrow("variance below 0");
  expect(() =>
    matrixSum(
      [1, 1],
      [
        [1, 0.5],
        [0.4, 1],
      ],
    ),
  ).toThrow("not symmetric");
  expect(() => autoregressiveSum([1, 1], 0.5, [])).toThrow("0 gaps between 2 terms");
});
