import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z as schema } from "zod";
import { normalCdf, normalHazard, normalQuantile, normalUpperTail } from "../../src/uncertainty/normal.ts";
import { relativeDistance } from "./relative-distance.ts";
import { sharedCases } from "./shared-vectors.ts";

/** Probability and quantile, from 60-digit arithmetic at the nearest doubles. */
const quantiles: readonly (readonly [number, number])[] = [
  [1e-300, -37.0470962993612],
  [1e-10, -6.361340902404057],
  [0.025, -1.9599639845400543],
  [0.075, -1.439531470938456],
  [0.5, 0],
  [0.6, 0.2533471031357997],
  [0.975, 1.9599639845400538],
  [0.999999, 4.753424308817087],
];

test.each(quantiles)("the quantile of %d is right to 14 digits", (p, z) => {
  expect(relativeDistance(normalQuantile(p), z)).toBeLessThanOrEqual(1e-14);
});

test("the quantile is infinite at the ends and not a number outside", () => {
  expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
  expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY);
  expect(normalQuantile(1.1)).toBeNaN();
  expect(normalQuantile(Number.NaN)).toBeNaN();
});

test("quantile and distribution function undo each other", () => {
  fc.assert(
    fc.property(fc.double({ min: -35, max: 5, noNaN: true }), (z) => {
      expect(Math.abs(normalQuantile(normalCdf(z)) - z)).toBeLessThan(1e-9);
    }),
  );
});

test("the two tails are mirror images", () => {
  fc.assert(
    fc.property(fc.double({ min: -37, max: 37, noNaN: true }), (z) => {
      expect(normalUpperTail(z)).toBe(normalCdf(-z));
    }),
  );
});

test("the hazard far out is the distance plus its reciprocal, where density and tail both underflow", () => {
  expect(relativeDistance(normalHazard(1000), 1000 + 1 / 1000)).toBeLessThanOrEqual(1e-8);
});

const sharedQuantiles = sharedCases(
  "random_and_special_functions.json",
  schema.object({
    name: schema.literal("normal-quantile"),
    expected: schema.object({ p_to_x: schema.array(schema.array(schema.number()).length(2)) }),
  }),
).flatMap(({ expected }) => expected.p_to_x);

for (const [p = 0, x = 0] of sharedQuantiles) {
  test(`shared vector: normal quantile of ${p}`, () =>
    expect(relativeDistance(normalQuantile(p), x)).toBeLessThanOrEqual(1e-14));
}
