import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseFiniteNumber } from "../../src/config/number.ts";

test.each([
  ["12", 12],
  ["1.5", 1.5],
  [".5", 0.5],
  ["2.", 2],
  ["-3", -3],
  ["+3", 3],
  ["1e3", 1000],
  ["2.5E-3", 0.0025],
  ["  7\n", 7],
])("%j is the number %d", (text, value) => {
  expect(parseFiniteNumber(text)).toBe(value);
});

test.each(["", " ", "0x10", "1_000", "1,5", "1 000", "Infinity", "NaN", "1e999", ".", "e3", "1e", "--1", "5W"])(
  "%j is no number",
  (text) => {
    expect(parseFiniteNumber(text)).toBeNull();
  },
);

test("every finite number that a program prints is read back", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(parseFiniteNumber(JSON.stringify(value))).toBe(value === 0 ? 0 : value);
    }),
  );
});
