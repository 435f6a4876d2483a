import { expect, test } from "vitest";
import { gaussHermite, gaussLegendre } from "../../src/uncertainty/quadrature.ts";
import { relativeDistance } from "./relative-distance.ts";

test("Gauss-Legendre with 48 nodes integrates polynomials and exp over [-1, 1]", () => {
  const integral = (f: (x: number) => number): number =>
    gaussLegendre(48).reduce((sum, { x, weight }) => sum + weight * f(x), 0);
  expect(
    relativeDistance(
      integral(() => 1),
      2,
    ),
  ).toBeLessThanOrEqual(1e-14);
  expect(
    relativeDistance(
      integral((x) => x ** 40),
      2 / 41,
    ),
  ).toBeLessThanOrEqual(1e-13);
  expect(relativeDistance(integral(Math.exp), Math.E - 1 / Math.E)).toBeLessThanOrEqual(1e-14);
});

test("Gauss-Hermite with 48 nodes gives the moments of the standard normal", () => {
  const expectation = (f: (x: number) => number): number =>
    gaussHermite(48).reduce((sum, { x, weight }) => sum + weight * f(x), 0);
  expect(
    relativeDistance(
      expectation(() => 1),
      1,
    ),
  ).toBeLessThanOrEqual(1e-14);
  expect(
    relativeDistance(
      expectation((x) => x),
      0,
    ),
  ).toBeLessThanOrEqual(1e-14);
  expect(
    relativeDistance(
      expectation((x) => x ** 2),
      1,
    ),
  ).toBeLessThanOrEqual(1e-13);
  expect(
    relativeDistance(
      expectation((x) => x ** 8),
      105,
    ),
  ).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(expectation(Math.exp), Math.exp(0.5))).toBeLessThanOrEqual(1e-13);
});
