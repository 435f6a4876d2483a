import { expect, test } from "vitest";
import { analyticalTruncated } from "../../src/uncertainty/analytical-truncated.ts";
import { lnSigmaFromRelative } from "../../src/uncertainty/lognormal.ts";
import { seededNormals } from "./seeded-normals.ts";

/**
 * Does a 95 % interval hold 95 % of the time? Two readings of the question, both by simulation with a fixed seed.
 *
 * Content: the truth of every input is drawn from the distribution that is stated for it. Tolerance 3.76 standard errors.
 */
const draws = 40_000;
const contentTolerance = 3.76 * Math.sqrt((0.95 * 0.05) / draws);

interface Cell {
  readonly ratio: number;
  readonly intensity: number;
  readonly pue: number;
}

const cells: readonly Cell[] = [
  { ratio: -1, intensity: 0.1, pue: 0.05 },
  { ratio: 0, intensity: 0.6, pue: 0.1 },
  { ratio: 1.5, intensity: 0.02, pue: 0.02 },
  { ratio: 2, intensity: 0.3, pue: 0.1 },
  { ratio: 10, intensity: 0.1, pue: 0.05 },
  { ratio: 50, intensity: 0.6, pue: 0.3 },
];

function lognormalDraw(normal: () => number, relative: number): number {
  const lnSigma = lnSigmaFromRelative(relative);
  return Math.exp(lnSigma * normal() - lnSigma ** 2 / 2);
}

/** The parent normal is drawn again until it is positive: that is what truncation means. */
function positiveDraw(normal: () => number, ratio: number): number {
  for (;;) {
    const value = ratio + normal();
    if (value > 0) return value;
  }
}

test.each(cells)(
  "the interval holds 95 % of what is stated: energy $ratio sigma, intensity $intensity, PUE $pue",
  (cell) => {
    const normal = seededNormals(20261);
    const { lower, upper, intervalKind } = analyticalTruncated({
      energy: { mean: cell.ratio, standardUncertainty: 1 },
      factors: [
        { mean: 1, standardUncertainty: cell.intensity },
        { mean: 1, standardUncertainty: cell.pue },
      ],
    });
    let below = 0;
    let above = 0;
    for (let draw = 0; draw < draws; draw += 1) {
      const grams =
        positiveDraw(normal, cell.ratio) * lognormalDraw(normal, cell.intensity) * lognormalDraw(normal, cell.pue);
      if (grams < lower) below += 1;
      if (grams > upper) above += 1;
    }
    const tail = intervalKind === "upper_limit" ? 0 : 0.025;
    expect(Math.abs(below / draws - tail)).toBeLessThan(contentTolerance);
    expect(Math.abs(above / draws - (0.05 - tail))).toBeLessThan(contentTolerance);
  },
);

test("the same interval without the intensity's error is caught: it holds far less than 95 %", () => {
  const normal = seededNormals(20262);
  const { lower, upper } = analyticalTruncated({
    energy: { mean: 10, standardUncertainty: 1 },
    factors: [{ mean: 1, standardUncertainty: 0 }],
  });
  let inside = 0;
  for (let draw = 0; draw < draws; draw += 1) {
    const grams = positiveDraw(normal, 10) * lognormalDraw(normal, 0.3);
    if (grams >= lower && grams <= upper) inside += 1;
  }
  expect(inside / draws).toBeLessThan(0.6);
});

/** Repeated sampling: the truth is fixed, estimates scatter about it, and each builds its own interval. */
const repetitions = 1500;

test.each([
  { energyError: 0.1, intensityError: 0.3, expected: 0.953 },
  // The lowest coverage that the switch to an upper limit leaves: a truth three uncertainties above zero.
  { energyError: 1 / 3, intensityError: 0.02, expected: 0.93 },
])("of many estimates of one truth $expected contain it: energy $energyError, intensity $intensityError", (cell) => {
  const normal = seededNormals(20263);
  let covered = 0;
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const intensity = Math.exp(cell.intensityError * normal());
    const { lower, upper } = analyticalTruncated({
      energy: { mean: 1 + cell.energyError * normal(), standardUncertainty: cell.energyError },
      factors: [{ mean: intensity, standardUncertainty: intensity * Math.sqrt(Math.expm1(cell.intensityError ** 2)) }],
    });
    if (lower <= 1 && upper >= 1) covered += 1;
  }
  expect(Math.abs(covered / repetitions - cell.expected)).toBeLessThan(3.76 * Math.sqrt((0.95 * 0.05) / repetitions));
});
