import { expect, test } from "vitest";
import { difference, productOfCorrelatedNormals } from "../../src/uncertainty/difference.ts";
import { fitLine } from "../../src/uncertainty/line-fit.ts";
import { propagateUncertainty } from "../../src/uncertainty/propagation.ts";

function at(values: Float64Array, index: number): number {
  return values[index] ?? Number.NaN;
}

const product = (values: Float64Array): number => at(values, 0) * at(values, 1);
const sumOfSquares = (values: Float64Array): number => at(values, 0) ** 2 + at(values, 1) ** 2;

test("components keep their signs and add up in quadrature", () => {
  const { components, standardUncertainty } = propagateUncertainty({
    inputs: [
      { id: "a", estimate: 2, standardUncertainty: 0.3 },
      { id: "b", estimate: -4, standardUncertainty: 0.1 },
    ],
    model: product,
  });
  expect(components[0]).toBeCloseTo(-1.2, 12);
  expect(components[1]).toBeCloseTo(0.2, 12);
  expect(standardUncertainty).toBeCloseTo(Math.hypot(1.2, 0.2), 12);
});

test("what two inputs share cancels in their difference", () => {
  const inputs = ["total", "idle"].map((id) => ({ id, estimate: 5, standardUncertainty: 0.4 }));
  const { standardUncertainty } = propagateUncertainty({
    inputs,
    correlations: [{ between: ["total", "idle"], coefficient: 1 }],
    model: (values) => at(values, 0) - at(values, 1),
  });
  expect(standardUncertainty).toBeCloseTo(0, 7);
});

test("vanishing sensitivities are reported, not passed off as an uncertainty of 0 (JCGM 101, 9.4)", () => {
  const inputs = ["x1", "x2"].map((id) => ({ id, estimate: 0, standardUncertainty: 0.005 }));
  const first = propagateUncertainty({ inputs, model: sumOfSquares });
  expect(first).toMatchObject({ standardUncertainty: 0, sensitivitiesVanish: true });
  const second = propagateUncertainty({ inputs, model: sumOfSquares, order: "second" });
  expect(second.standardUncertainty).toBeCloseTo(50e-6, 12);
});

test("second-order terms with correlations, and correlations of unknown inputs, are refused", () => {
  const inputs = ["a", "b"].map((id) => ({ id, estimate: 1, standardUncertainty: 1 }));
  const between: [string, string] = ["a", "c"];
  expect(() => propagateUncertainty({ inputs, model: product, correlations: [{ between, coefficient: 1 }] })).toThrow(
    '"c"',
  );
  expect(() =>
    propagateUncertainty({
      inputs,
      model: product,
      order: "second",
      correlations: [{ between: ["a", "b"], coefficient: 1 }],
    }),
  ).toThrow("independent inputs only");
});

test("a difference of readings of one sensor keeps only what they do not share", () => {
  expect(difference({ mean: 50, standardUncertainty: 2.5 }, { mean: 30, standardUncertainty: 1.5 }, 1)).toEqual({
    mean: 20,
    standardUncertainty: 1,
  });
});

test("the product of correlated normals has their covariance in its mean", () => {
  const one = { mean: 1, standardUncertainty: 0.2 };
  const { mean, standardUncertainty } = productOfCorrelatedNormals(one, one, 1);
  expect(mean).toBeCloseTo(1.04, 14);
  expect(standardUncertainty).toBeCloseTo(0.4039801975344831, 14);
});

test("a line through points that lie on one has no scatter", () => {
  expect(fitLine([1, 2, 3], [5, 7, 9], 1)).toMatchObject({ intercept: 5, slope: 2, standardDeviation: 0 });
});

test("a line needs three points and two different x", () => {
  expect(() => fitLine([1, 2], [1, 2], 0)).toThrow("three or more points");
  expect(() => fitLine([1, 1, 1], [1, 2, 3], 0)).toThrow("two different x");
});
