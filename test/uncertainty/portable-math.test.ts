import * as fc from "fast-check";
import { expect, test } from "vitest";
import { portableExp, portableLog, portableSinOfHalfTurns } from "../../src/uncertainty/portable-math.ts";
import { relativeDistance } from "./relative-distance.ts";

test("the exponential is right to 2e-15 wherever it is a normal number", () => {
  fc.assert(
    fc.property(fc.double({ min: -700, max: 709, noNaN: true }), (x) => {
      expect(relativeDistance(portableExp(x), Math.exp(x))).toBeLessThan(2e-15);
    }),
  );
});

test("the exponential has the limits of exp", () => {
  expect([portableExp(0), portableExp(-800), portableExp(800), portableExp(Number.NaN)]).toEqual([
    1,
    0,
    Infinity,
    Number.NaN,
  ]);
});

test("the logarithm is right to 1e-15, for numbers near 1 and subnormal ones too", () => {
  fc.assert(
    fc.property(fc.double({ min: Number.MIN_VALUE, max: Number.MAX_VALUE, noNaN: true }), (x) => {
      expect(relativeDistance(portableLog(x), Math.log(x))).toBeLessThan(1e-15);
    }),
  );
  for (const x of [1 - 1e-10, 1 + 1e-10, 0.999, 1.001, 5e-324]) {
    expect(relativeDistance(portableLog(x), Math.log(x))).toBeLessThan(1e-15);
  }
});

test("the logarithm has the limits of log", () => {
  expect([portableLog(1), portableLog(0), portableLog(Infinity), portableLog(-1)]).toEqual([
    0,
    -Infinity,
    Infinity,
    Number.NaN,
  ]);
});

test("the sine is right to 1e-15 from a quarter turn back to a quarter turn on", () => {
  for (let t = -0.5; t <= 0.5; t += 1 / 64) {
    expect(Math.abs(portableSinOfHalfTurns(t) - Math.sin(Math.PI * t))).toBeLessThan(1e-15);
  }
});
