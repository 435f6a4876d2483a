import { expect, test } from "vitest";
import { z } from "zod";
import { erfc, erfcx } from "../../src/uncertainty/error-function.ts";
import { relativeDistance } from "./relative-distance.ts";
import { sharedCases } from "./shared-vectors.ts";

/** x, erfc(x), exp(x^2) erfc(x), from 60-digit arithmetic. */
const rows: readonly (readonly [number, number, number])[] = [
  [-5, 1.9999999999984626, 144009798674.66104],
  [-0.5, 1.5204998778130465, 1.952360489182557],
  [0, 1, 1],
  [0.25, 0.7236736098317631, 0.7703465477309968],
  [1, 0.15729920705028513, 0.427583576155807],
  [5, 1.537459794428035e-12, 0.11070463773306863],
  [26, 5.663192408856143e-296, 0.021683584850562907],
  [10000, 0, 5.6418958072680836e-5],
];

test.each(rows)("erfc and its scaled form hold to 14 digits at %d", (x, expectedErfc, expectedErfcx) => {
  expect(relativeDistance(erfc(x), expectedErfc)).toBeLessThanOrEqual(5e-15);
  expect(relativeDistance(erfcx(x), expectedErfcx)).toBeLessThanOrEqual(5e-15);
});

test("the scaled form ends in 0 at infinity", () => {
  expect(erfcx(Number.POSITIVE_INFINITY)).toBe(0);
});

const sharedRows = sharedCases(
  "random_and_special_functions.json",
  z.object({ name: z.literal("erfc-erfcx"), expected: z.object({ rows: z.array(z.array(z.number()).length(3)) }) }),
).flatMap(({ expected }) => expected.rows);

for (const [x = 0, expectedErfc = 0, expectedErfcx = 0] of sharedRows) {
  test(`shared vector: erfc and erfcx at ${x}`, () => {
    expect(relativeDistance(erfc(x), expectedErfc)).toBeLessThanOrEqual(5e-15);
    expect(relativeDistance(erfcx(x), expectedErfcx)).toBeLessThanOrEqual(5e-15);
  });
}
