import { expect, test } from "vitest";
import { blockStability, isValidatedBy, numericalTolerance } from "../../src/uncertainty/numerical-tolerance.ts";

test.each([
  [0.00035, 2, 5e-6],
  [0.00035, 1, 5e-5],
  [2, 1, 0.5],
  [0.0996, 1, 0.05],
  [9.96, 2, 0.5],
  [12345, 2, 500],
  [1e-9, 1, 5e-10],
])("u = %d to %d digits has the tolerance %d", (u, digits, delta) => {
  expect(numericalTolerance(u, digits)).toBe(delta);
});

test("an uncertainty of 0 has the tolerance 0", () => {
  expect(numericalTolerance(0, 2)).toBe(0);
});

test("three digits, or an uncertainty below 0, are refused", () => {
  expect(() => numericalTolerance(1, 3)).toThrow("1 or 2");
  expect(() => numericalTolerance(-1, 1)).toThrow("from 0 up");
});

test("a result is stable when twice its standard error over the blocks is below the tolerance", () => {
  expect(blockStability([10, 10.4], 0.05).isStable).toBe(false);
  expect(blockStability([10, 10.4], 0.41).isStable).toBe(true);
});

test("a closed form is validated only when both ends are within the tolerance", () => {
  const monteCarlo = { lower: 1, upper: 3 };
  expect(isValidatedBy({ lower: 1.04, upper: 3.05 }, monteCarlo, 0.06)).toBe(true);
  expect(isValidatedBy({ lower: 1.04, upper: 3.07 }, monteCarlo, 0.06)).toBe(false);
});
