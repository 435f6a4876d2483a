import { expect, test } from "vitest";
import { analyticalTruncated } from "../../src/uncertainty/analytical-truncated.ts";
import { lognormalFromMean } from "../../src/uncertainty/lognormal.ts";
import { seededNormals } from "./seeded-normals.ts";

/**
 * A whole estimate with a PUE of 1.3, whose excess over 1 is skewed: as much has to lie below the interval as above it, 2.5 % each. A content
 * of 95 % alone would not show an interval that is shifted to one side.
 */
const draws = 400_000;
/** 3.76 binomial standard errors: 60 such figures fail by chance once in a hundred times. */
const tolerance = 3.76 * Math.sqrt((0.025 * 0.975) / draws);

test.each([
  { pueError: 0.3, energyRatio: 50, intensityError: 0.1, embodied: 0 },
  { pueError: 0.16, energyRatio: 50, intensityError: 0.02, embodied: 0 },
  { pueError: 0.16, energyRatio: 10, intensityError: 0.1, embodied: 0 },
  { pueError: 0.3, energyRatio: 3, intensityError: 0.3, embodied: 0 },
  { pueError: 0.3, energyRatio: 10, intensityError: 0.1, embodied: 5 },
])(
  "each tail holds 2.5 %: PUE 1.3 +- $pueError, energy $energyRatio sigma, intensity $intensityError, embodied $embodied",
  (estimate) => {
    const { pueError, energyRatio, intensityError, embodied } = estimate;
    const addend = { mean: embodied, standardUncertainty: 0.4 * embodied };
    const { lower, upper } = analyticalTruncated({
      energy: { mean: energyRatio, standardUncertainty: 1 },
      factors: [
        { mean: 1.3, standardUncertainty: pueError, lowest: 1 },
        { mean: 1, standardUncertainty: intensityError },
        { mean: 1, standardUncertainty: 0.05 },
      ],
      ...(embodied > 0 ? { addend } : {}),
    });
    const normal = seededNormals(20_264);
    const lognormal = (mean: number, u: number) => {
      const { lnMedian, lnSigma } = lognormalFromMean(mean, u);
      return () => Math.exp(lnMedian + lnSigma * normal());
    };
    const [excess, intensity, gain] = [lognormal(0.3, pueError), lognormal(1, intensityError), lognormal(1, 0.05)];
    const hardware = embodied > 0 ? lognormal(embodied, addend.standardUncertainty) : () => 0;
    let [below, above] = [0, 0];
    for (let draw = 0; draw < draws; draw += 1) {
      let energy = energyRatio + normal();
      while (energy <= 0) energy = energyRatio + normal();
      const grams = energy * (1 + excess()) * intensity() * gain() + hardware();
      if (grams < lower) below += 1;
      if (grams > upper) above += 1;
    }
    expect(Math.abs(below / draws - 0.025)).toBeLessThan(tolerance);
    expect(Math.abs(above / draws - 0.025)).toBeLessThan(tolerance);
  },
);
