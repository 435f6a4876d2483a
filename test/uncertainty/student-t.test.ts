import * as fc from "fast-check";
import { expect, test } from "vitest";
import { normalCdf } from "../../src/uncertainty/normal.ts";
import {
  noncentralTCdf,
  studentTCdf,
  studentTQuantile,
  studentTTwoSidedTail,
} from "../../src/uncertainty/student-t.ts";

test("one degree of freedom is the Cauchy distribution", () => {
  for (const p of [1e-8, 0.01, 0.3, 0.5, 0.9, 0.9999]) {
    // tan(pi (p - 1/2)), turned so that a small p keeps its digits.
    expect(studentTQuantile(p, 1)).toBeCloseTo(p === 0.5 ? 0 : -1 / Math.tan(Math.PI * p), p < 1e-3 ? -4 : 8);
  }
});

test("two degrees of freedom have a closed form", () => {
  for (const t of [-40, -1, 0.2, 3]) expect(studentTCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 14);
});

test("95 % need the printed factors (JCGM 100, table G.2)", () => {
  const printed: readonly (readonly [number, number])[] = [
    [1, 12.71],
    [4, 2.78],
    [10, 2.23],
    [50, 2.01],
    [Infinity, 1.96],
  ];
  for (const [degreesOfFreedom, factor] of printed) {
    expect(studentTQuantile(0.975, degreesOfFreedom)).toBeCloseTo(factor, 2);
  }
});

test("the quantile undoes the distribution function", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 0.999999, noNaN: true }),
      fc.double({ min: 0.5, max: 1e5, noNaN: true }),
      (p, nu) => {
        expect(Math.abs(studentTCdf(studentTQuantile(p, nu), nu) - p)).toBeLessThan(1e-11);
      },
    ),
  );
});

test("a tail far out keeps its digits", () => {
  // 2 C t^-nu for large t; for nu = 3: C = 2 sqrt(3) / pi, hence 4 sqrt(3) / (pi t^3).
  expect(studentTTwoSidedTail(1e6, 3) / ((4 * Math.sqrt(3)) / (Math.PI * 1e18))).toBeCloseTo(1, 9);
});

test("the non-central t without an effect is Student's, and with many degrees of freedom a shifted normal", () => {
  for (const nu of [1, 3, 20]) {
    for (const t of [-2, 0.5, 4]) expect(noncentralTCdf(t, nu, 0)).toBeCloseTo(studentTCdf(t, nu), 12);
  }
  expect(noncentralTCdf(3, 1e7, 2)).toBeCloseTo(normalCdf(1), 6);
});

test("even the smallest probabilities have a finite quantile", () => {
  // The tail is 2 sqrt(3) / (pi t^3) for large t.
  const t = -studentTQuantile(1e-300, 3);
  expect((2 * Math.sqrt(3)) / (Math.PI * t ** 3) / 1e-300).toBeCloseTo(1, 6);
});

test("no probability outside [0, 1] has a quantile", () => {
  expect(studentTQuantile(1.1, 3)).toBeNaN();
  expect(studentTQuantile(0, 3)).toBe(-Infinity);
});
