import { expect, test } from "vitest";
import { z } from "zod";
import { productOfFactors } from "../../src/uncertainty/product.ts";
import { relativeDistance } from "./relative-distance.ts";
import { sharedCases } from "./shared-vectors.ts";

test("three factors of 30 % make 54.3 %, not the 52.0 % of the first order", () => {
  const product = productOfFactors([
    { mean: 2, standardUncertainty: 0.6 },
    { mean: 3, standardUncertainty: 0.9 },
    { mean: 5, standardUncertainty: 1.5 },
  ]);
  expect(product.mean).toBe(30);
  expect(relativeDistance(product.standardUncertainty, 16.294971617035728)).toBeLessThanOrEqual(1e-12);
});

test("an exact factor scales the uncertainty and adds none", () => {
  const product = productOfFactors([
    { mean: 7, standardUncertainty: 0 },
    { mean: 3, standardUncertainty: 0.3 },
  ]);
  expect(relativeDistance(product.standardUncertainty, 2.1)).toBeLessThanOrEqual(1e-12);
});

test("a product of nothing is exactly one", () => {
  expect(productOfFactors([])).toEqual({ mean: 1, standardUncertainty: 0 });
});

const shared = sharedCases(
  "product_variance.json",
  z.object({
    name: z.string(),
    independent: z.literal(true),
    factors: z.array(z.object({ mean: z.number(), u: z.number() })),
    expected: z.object({ mean: z.number(), u_exact: z.number() }),
  }),
);

for (const { name, factors, expected } of shared) {
  test(`shared vector: ${name}`, () => {
    const product = productOfFactors(factors.map(({ mean, u }) => ({ mean, standardUncertainty: u })));
    expect(relativeDistance(product.mean, expected.mean)).toBeLessThanOrEqual(1e-12);
    expect(relativeDistance(product.standardUncertainty, expected.u_exact)).toBeLessThanOrEqual(1e-12);
  });
}
