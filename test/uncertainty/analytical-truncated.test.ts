import * as fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { analyticalTruncated } from "../../src/uncertainty/analytical-truncated.ts";
import { relativeDistance } from "./relative-distance.ts";
import { sharedCases } from "./shared-vectors.ts";

/** PUE 1.25 +- 0.05 and 400 +- 40 g/kWh. */
const factors = [
  { mean: 1.25, standardUncertainty: 0.05 },
  { mean: 400, standardUncertainty: 40 },
];

test("0.02 kWh +- 3 % gives 10 g with a skewed equal-tailed interval", () => {
  const result = analyticalTruncated({ energy: { mean: 0.02, standardUncertainty: 0.0006 }, factors });
  expect(relativeDistance(result.mean, 10)).toBeLessThanOrEqual(1e-12);
  expect(relativeDistance(result.standardUncertainty, 1.1192164401937674)).toBeLessThanOrEqual(1e-9);
  expect(relativeDistance(result.median, 9.938267204569371)).toBeLessThanOrEqual(1e-9);
  expect(relativeDistance(result.lower, 7.985000262138814)).toBeLessThanOrEqual(1e-9);
  expect(relativeDistance(result.upper, 12.36622663311579)).toBeLessThanOrEqual(1e-9);
  expect(result.intervalKind).toBe("equal_tailed");
});

test("an energy of half its uncertainty gives an upper limit from 0, since nothing at all is not excluded", () => {
  const result = analyticalTruncated({ energy: { mean: 1, standardUncertainty: 2 }, factors });
  expect(result.intervalKind).toBe("upper_limit");
  expect(result.lower).toBe(0);
  expect(result.upper).toBeGreaterThan(result.mean);
});

test("the upper limit begins where the mean is 1.645 uncertainties above 0", () => {
  const kindAt = (mean: number) =>
    analyticalTruncated({ energy: { mean, standardUncertainty: 1 }, factors }).intervalKind;
  expect(kindAt(1.64)).toBe("upper_limit");
  expect(kindAt(1.65)).toBe("equal_tailed");
});

test("an energy measured slightly below zero still gives positive grams, and says how much lay below zero", () => {
  const result = analyticalTruncated({ energy: { mean: -0.001, standardUncertainty: 0.002 }, factors });
  expect(relativeDistance(result.energyMean, 0.0012821555407361296)).toBeLessThanOrEqual(1e-9);
  expect(relativeDistance(result.energyMassBelowZero, 0.6914624612740131)).toBeLessThanOrEqual(1e-9);
  expect(result.mean).toBeGreaterThan(0);
});

test("an exact energy leaves the lognormal of the factors", () => {
  const result = analyticalTruncated({
    energy: { mean: 1, standardUncertainty: 0 },
    factors: [{ mean: 1, standardUncertainty: 0.5 }],
  });
  expect(
    relativeDistance(result.lower, Math.exp(-0.11157177565710488 - 1.959963984540054 * 0.47238072707743883)),
  ).toBeLessThanOrEqual(1e-9);
});

test("exact inputs give an exact result", () => {
  const result = analyticalTruncated({
    energy: { mean: 2, standardUncertainty: 0 },
    factors: [{ mean: 3, standardUncertainty: 0 }],
  });
  expect(relativeDistance(result.lower, 6)).toBeLessThanOrEqual(1e-14);
  expect(relativeDistance(result.upper, 6)).toBeLessThanOrEqual(1e-14);
  expect(result.standardUncertainty).toBe(0);
});

test("no energy at all gives nothing, exactly", () => {
  const result = analyticalTruncated({ energy: { mean: 0, standardUncertainty: 0 }, factors });
  expect([result.mean, result.lower, result.upper]).toEqual([0, 0, 0]);
});

test("an uncertainty too small to show gives the result of an exact energy", () => {
  const exact = analyticalTruncated({ energy: { mean: 10, standardUncertainty: 0 }, factors });
  const nearly = analyticalTruncated({ energy: { mean: 10, standardUncertainty: 1e-200 }, factors });
  expect(nearly.upper).toBe(exact.upper);
});

/** 95 % limits of energy times factor plus an embodied addend, from four million draws of each: they hold to about 0.2 %. */
const sums = [
  { energy: [10, 1], spread: 0.3, addend: [3, 1], limits: [7.779, 20.726] },
  { energy: [10, 1], spread: 0.3, addend: [30, 15], limits: [19.397, 78.179] },
  { energy: [10, 0], spread: 0.1, addend: [2, 2], limits: [9.147, 17.475] },
  { energy: [10, 0.5], spread: 0, addend: [2, 2], limits: [9.822, 17.283] },
  { energy: [1, 1], spread: 0.3, addend: [1, 0.5], limits: [0, 4.225] },
] as const;

test.each(sums)("an addend of $addend to $energy, whichever is wider, is part of the interval", (sum) => {
  const { lower, upper } = analyticalTruncated({
    energy: { mean: sum.energy[0], standardUncertainty: sum.energy[1] },
    factors: [{ mean: 1, standardUncertainty: sum.spread }],
    addend: { mean: sum.addend[0], standardUncertainty: sum.addend[1] },
  });
  expect(relativeDistance(lower, sum.limits[0])).toBeLessThanOrEqual(0.002);
  expect(relativeDistance(upper, sum.limits[1])).toBeLessThanOrEqual(0.002);
});

test("an exact addend shifts the interval and leaves its width", () => {
  const model = { energy: { mean: 5, standardUncertainty: 0.5 }, factors };
  const bare = analyticalTruncated(model);
  const shifted = analyticalTruncated({ ...model, addend: { mean: 100, standardUncertainty: 0 } });
  expect(relativeDistance(shifted.lower, bare.lower + 100)).toBeLessThanOrEqual(1e-9);
  expect(relativeDistance(shifted.upper, bare.upper + 100)).toBeLessThanOrEqual(1e-9);
});

test("a negative energy without uncertainty is refused in one sentence", () => {
  expect(() => analyticalTruncated({ energy: { mean: -1, standardUncertainty: 0 }, factors })).toThrow(
    "The energy mean is -1, but must be 0 or more, unless it has an uncertainty.",
  );
});

test("two uncertainties too small for a double's square still add up", () => {
  const { standardUncertainty } = analyticalTruncated({
    energy: { mean: 1, standardUncertainty: 4e-9 },
    factors: [{ mean: 1, standardUncertainty: 3e-9 }],
  });
  expect(standardUncertainty / 5e-9).toBeCloseTo(1, 9);
});

test.each([1e-300, 1e300])("an energy of %d has the interval of an everyday one, scaled", (scale) => {
  const at = (unit: number) =>
    analyticalTruncated({
      energy: { mean: unit, standardUncertainty: unit / 10 },
      factors: [{ mean: 1, standardUncertainty: 0.1 }],
    });
  expect(at(scale).upper / scale).toBeCloseTo(at(1).upper, 9);
  expect(at(scale).standardUncertainty / scale).toBeCloseTo(at(1).standardUncertainty, 9);
});

test("an energy millions of its uncertainties below zero contradicts itself and is refused", () => {
  const energy = { mean: -1, standardUncertainty: 1e-7 };
  expect(() => analyticalTruncated({ energy, factors: [{ mean: 1, standardUncertainty: 0.1 }] })).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID" }),
  );
});

test.each([0, 1, Number.NaN])("a level of %d is refused", (level) => {
  expect(() => analyticalTruncated({ energy: { mean: 1, standardUncertainty: 0 }, factors, level })).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID" }),
  );
});

const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
const relative = fc.double({ min: 0.001, max: 1.5, noNaN: true });

test("scaling the energy scales every figure", () => {
  fc.assert(
    fc.property(fc.double({ min: -2, max: 50, noNaN: true }), relative, positive, (ratio, spread, scale) => {
      const at = (size: number) =>
        analyticalTruncated({
          energy: { mean: ratio * size, standardUncertainty: size },
          factors: [{ mean: 2, standardUncertainty: 2 * spread }],
        });
      const [one, scaled] = [at(1), at(scale)];
      expect(relativeDistance(scaled.mean, one.mean * scale)).toBeLessThanOrEqual(1e-9);
      expect(relativeDistance(scaled.lower, one.lower * scale)).toBeLessThanOrEqual(1e-6);
      expect(relativeDistance(scaled.upper, one.upper * scale)).toBeLessThanOrEqual(1e-6);
    }),
    { numRuns: 50 },
  );
});

test("a wider factor never narrows the interval, up to 60 %", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 2, max: 50, noNaN: true }),
      fc.double({ min: 0.01, max: 0.6, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (ratio, spread, part) => {
        const widthAt = (width: number) => {
          const { lower, upper } = analyticalTruncated({
            energy: { mean: ratio, standardUncertainty: 1 },
            factors: [{ mean: 1, standardUncertainty: width }],
          });
          return upper - lower;
        };
        expect(widthAt(spread)).toBeGreaterThanOrEqual(widthAt(spread * part) * (1 - 1e-6));
      },
    ),
    { numRuns: 50 },
  );
});

test("a higher level contains a lower one, and the median", () => {
  fc.assert(
    fc.property(fc.double({ min: 1.7, max: 50, noNaN: true }), relative, (ratio, spread) => {
      const at = (level: number) =>
        analyticalTruncated({
          energy: { mean: ratio, standardUncertainty: 1 },
          factors: [{ mean: 1, standardUncertainty: spread }],
          level,
        });
      const [wide, narrow] = [at(0.99), at(0.8)];
      expect(wide.lower).toBeLessThan(narrow.lower);
      expect(narrow.lower).toBeLessThan(narrow.median);
      expect(narrow.median).toBeLessThan(narrow.upper);
      expect(narrow.upper).toBeLessThan(wide.upper);
    }),
    { numRuns: 50 },
  );
});

const shared = sharedCases(
  "analytical_truncated.json",
  z.object({
    name: z.string(),
    energy: z.object({ mu: z.number(), u: z.number() }),
    factors: z.array(z.object({ mean: z.number(), u: z.number() })),
    expected: z.object({
      mean: z.number(),
      u: z.number(),
      median: z.number(),
      interval_95: z.tuple([z.number(), z.number()]),
    }),
    tolerance: z.object({ relative: z.number() }),
  }),
);

for (const { name, energy, factors: given, expected, tolerance } of shared) {
  test(`shared vector: analytical ${name}`, () => {
    const result = analyticalTruncated({
      energy: { mean: energy.mu, standardUncertainty: energy.u },
      factors: given.map(({ mean, u }) => ({ mean, standardUncertainty: u })),
    });
    expect(relativeDistance(result.mean, expected.mean)).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(result.standardUncertainty, expected.u)).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(result.median, expected.median)).toBeLessThanOrEqual(tolerance.relative);
    if (result.intervalKind === "upper_limit") return;
    expect(relativeDistance(result.lower, expected.interval_95[0])).toBeLessThanOrEqual(tolerance.relative);
    expect(relativeDistance(result.upper, expected.interval_95[1])).toBeLessThanOrEqual(tolerance.relative);
  });
}
