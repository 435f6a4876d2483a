import { expect, test } from "vitest";
import {
  coverageFactor,
  rectangularCoverageFactor,
  trapezoidalCoverageFactor,
} from "../../src/uncertainty/coverage-factor.ts";
import { degreesOfFreedomOfJudgement, welchSatterthwaite } from "../../src/uncertainty/welch-satterthwaite.ts";

test("the end gauge of JCGM 100, H.1.6: 16 degrees of freedom and k = 2.92 at 99 %", () => {
  const { standardUncertainty, degreesOfFreedom } = welchSatterthwaite([
    { standardUncertainty: 25, degreesOfFreedom: 18 },
    { standardUncertainty: 9.7, degreesOfFreedom: 25.6 },
    { standardUncertainty: 2.9, degreesOfFreedom: 50 },
    { standardUncertainty: 16.6, degreesOfFreedom: 2 },
  ]);
  expect(standardUncertainty).toBeCloseTo(31.7, 1);
  expect(Math.trunc(degreesOfFreedom ?? 0)).toBe(16);
  expect(coverageFactor(0.99, degreesOfFreedom)).toBeCloseTo(2.92, 2);
});

test("the sensitivity's sign does not matter, and an input without error has no say", () => {
  const plain = welchSatterthwaite([{ standardUncertainty: 2, degreesOfFreedom: 5 }]);
  expect(
    welchSatterthwaite([
      { sensitivity: -2, standardUncertainty: 1, degreesOfFreedom: 5 },
      { standardUncertainty: 0, degreesOfFreedom: 1 },
    ]),
  ).toEqual(plain);
});

test("without degrees of freedom the factor is the normal one: k = 2 is 95.45 %", () => {
  expect(welchSatterthwaite([{ standardUncertainty: 1, degreesOfFreedom: null }]).degreesOfFreedom).toBeNull();
  expect(coverageFactor(0.95, null)).toBeCloseTo(1.95996, 5);
  expect(coverageFactor(0.9545, null)).toBeCloseTo(2, 3);
});

test("an uncertainty known to a quarter has eight degrees of freedom (JCGM 100, G.4.2)", () => {
  expect(degreesOfFreedomOfJudgement(0.25)).toBe(8);
});

test("a rectangle needs 1.645, two equal ones a triangle's 1.902 (EA-4/02)", () => {
  expect(rectangularCoverageFactor(0.95)).toBeCloseTo(1.645, 3);
  expect(trapezoidalCoverageFactor(0.95, 1, 0)).toBeCloseTo(1.645, 3);
  expect(trapezoidalCoverageFactor(0.95, 2, 2)).toBeCloseTo(1.902, 3);
});

test("a trapezoid's factor holds the level: by counting equally probable pairs", () => {
  const [a, b, steps] = [3, 2, 400];
  const u = Math.sqrt((a * a + b * b) / 3);
  const limit = trapezoidalCoverageFactor(0.95, a, b) * u;
  let inside = 0;
  for (let i = 0; i < steps; i += 1) {
    for (let j = 0; j < steps; j += 1) {
      const sum = a * ((2 * i + 1) / steps - 1) + b * ((2 * j + 1) / steps - 1);
      if (Math.abs(sum) <= limit) inside += 1;
    }
  }
  expect(inside / steps ** 2).toBeCloseTo(0.95, 3);
});

test("levels, degrees of freedom and widths outside their ranges are refused", () => {
  expect(() => coverageFactor(1, 4)).toThrow("level is 1");
  expect(() => coverageFactor(0.95, 0)).toThrow("must be above 0, or null");
  expect(() => trapezoidalCoverageFactor(0.95, 0, 0)).toThrow("not both 0");
  expect(() => welchSatterthwaite([{ standardUncertainty: -1, degreesOfFreedom: 3 }])).toThrow("0 or more");
  expect(() => degreesOfFreedomOfJudgement(0)).toThrow("above 0");
});
