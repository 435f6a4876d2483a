import { expect, test } from "vitest";
import { extremeDeviates } from "../../src/uncertainty/extreme-deviates.ts";
import { seededNormals } from "./seeded-normals.ts";

/** Rosner's example, as the NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.5.17.3, prints it. */
const rosner = [
  -0.25, 0.68, 0.94, 1.15, 1.2, 1.26, 1.26, 1.34, 1.38, 1.43, 1.49, 1.49, 1.55, 1.56, 1.58, 1.65, 1.69, 1.7, 1.76, 1.77,
  1.81, 1.91, 1.94, 1.96, 1.99, 2.06, 2.09, 2.1, 2.14, 2.15, 2.23, 2.24, 2.26, 2.35, 2.37, 2.4, 2.47, 2.54, 2.62, 2.64,
  2.9, 2.92, 2.92, 2.93, 3.21, 3.26, 3.3, 3.59, 3.68, 4.3, 4.64, 5.34, 5.42, 6.01,
];

test("Rosner's example has three outliers, though the farthest alone is none", () => {
  expect(extremeDeviates(rosner, { atMost: 10 }).map((index) => rosner[index])).toEqual([6.01, 5.42, 5.34]);
  expect(extremeDeviates(rosner, { atMost: 1 })).toEqual([]);
});

test("two outliers that hide each other are both named", () => {
  expect(extremeDeviates([1, 1.1, 0.9, 1.05, 3, 0.95, 1.02, 0.97, 3.1, 1.01])).toEqual([8, 4]);
});

test("few values, and equal ones, have no outliers", () => {
  expect(extremeDeviates([1, 1, 1, 50])).toEqual([]);
  expect(extremeDeviates([2, 2, 2, 2, 2, 2])).toEqual([]);
});

test("false alarms are about as rare as stated, with ten values and with thirty", () => {
  const normal = seededNormals(5);
  const rates = [10, 30].map((count) => {
    const samples = Array.from({ length: 2000 }, () => Array.from({ length: count }, normal));
    return samples.filter((sample) => extremeDeviates(sample).length > 0).length / samples.length;
  });
  // The test is a little liberal below 25 values.
  for (const rate of rates) {
    expect(rate).toBeGreaterThan(0.03);
    expect(rate).toBeLessThan(0.085);
  }
});

test("a probability that is none is refused", () => {
  expect(() => extremeDeviates([1, 2], { falseAlarmProbability: 1 })).toThrow("probability of a false alarm is 1");
});
