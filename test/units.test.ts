import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatBytes,
  formatDurationSeconds,
  formatEnergyWh,
  formatGrams,
  formatLevel,
  formatRatioAsPercent,
  formatSignificant,
  formatWatts,
  joulesFromWattHours,
  kilowattHoursFromWattHours,
  secondsFromNanoseconds,
  wattHoursFromJoules,
  wattHoursFromMicrojoules,
} from "../src/units.ts";

test("a watt-hour is 3600 joules, and a kilowatt-hour a thousand watt-hours", () => {
  expect(wattHoursFromJoules(3600)).toBe(1);
  expect(joulesFromWattHours(0.5)).toBe(1800);
  expect(wattHoursFromMicrojoules(7_200_000_000n)).toBe(2);
  expect(kilowattHoursFromWattHours(1500)).toBe(1.5);
});

test("nanoseconds of a monotonic clock become seconds", () => {
  expect(secondsFromNanoseconds(1_500_000_000n)).toBe(1.5);
});

test("joules and watt-hours turn into each other", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (joules) => {
      expect(joulesFromWattHours(wattHoursFromJoules(joules))).toBeCloseTo(joules, 3);
    }),
  );
});

test.each([
  [0, "0"],
  [0.00123, "0.00123"],
  [0.001_234_5, "0.00123"],
  [12.34, "12.3"],
  [-12.34, "-12.3"],
  [123.4, "123"],
  [1234, "1234"],
  [99.96, "100"],
  [9.996, "10.0"],
  [0.000_012_34, "1.23e-5"],
  [12_340_000, "1.23e+7"],
])("%d is written %s", (value, text) => {
  expect(formatSignificant(value)).toBe(text);
});

test("numbers below 1000 have three significant digits, whatever they round to", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.0001, max: 999, noNaN: true }), (value) => {
      const text = formatSignificant(value);
      expect(text.replace(/^[0.]+/, "").replace(".", "")).toHaveLength(3);
      expect(Math.abs(Number(text) / value - 1)).toBeLessThanOrEqual(0.005_001);
    }),
  );
});

test.each([
  [0, "0 mWh"],
  [0.000_012_3, "0.0123 mWh"],
  [0.5, "500 mWh"],
  [-0.5, "-500 mWh"],
  [4.56, "4.56 Wh"],
  [1230, "1.23 kWh"],
  [7_890_000, "7.89 MWh"],
])("%d Wh is written %s", (energyWh, text) => {
  expect(formatEnergyWh(energyWh)).toBe(text);
});

test.each([
  [0.000_001_23, "1.23 µg"],
  [0.007_89, "7.89 mg"],
  [4.56, "4.56 g"],
  [1230, "1.23 kg"],
  [4_560_000, "4.56 t"],
])("%d g is written %s", (grams, text) => {
  expect(formatGrams(grams)).toBe(text);
});

test.each([
  [512, "512 B"],
  [1536, "1.50 KiB"],
  [3 * 2 ** 20, "3.00 MiB"],
  [16 * 2 ** 30, "16.0 GiB"],
])("%d bytes are written %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, "0 ms"],
  [0.85, "850 ms"],
  [12.34, "12.3 s"],
  [59.96, "1 min 00 s"],
  [245, "4 min 05 s"],
  [3599.7, "1 h 00 min"],
  [7380, "2 h 03 min"],
  [90_000, "25 h 00 min"],
  [22_455_840, "259 d 21 h"],
])("%d seconds are written %s", (seconds, text) => {
  expect(formatDurationSeconds(seconds)).toBe(text);
});

test("a level is written with the digits that it was stated with", () => {
  expect([0.95, 0.999, 0.9, 0.6827].map(formatLevel)).toEqual(["95 %", "99.9 %", "90 %", "68.27 %"]);
});

test("watts and ratios carry their unit", () => {
  expect(formatWatts(42.123)).toBe("42.1 W");
  expect(formatRatioAsPercent(0.1234)).toBe("12.3 %");
});
