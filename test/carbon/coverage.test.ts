import { expect, test } from "vitest";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { lnSigmaFromRelative } from "../../src/uncertainty/lognormal.ts";
import { seededNormals } from "../uncertainty/seeded-normals.ts";

const draws = 40_000;

/**
 * Energy, PUE and intensity are all uncertain here. PUE - 1 is lognormal and PUE itself is not, so the one lognormal that stands
 * for all factors is an approximation: within 1 % of probability.
 */
test("the 95 % interval of an estimate holds 95 % of the truths that its budget allows", async () => {
  const estimator = new CarbonEstimator({ region: "GB", pue: "enterprise" });
  const { budget, interval, intensityGPerKwh, pueUsed } = await estimator.estimateOverSpan({
    startTs: "2025-07-01T10:00:00Z",
    endTs: "2025-07-01T11:00:00Z",
    energyWh: 1000,
    energyRelativeUncertainty: 0.1,
  });
  const normal = seededNormals(20264);
  const unitDraw = (relative: number): number => {
    const lnSigma = lnSigmaFromRelative(relative);
    return Math.exp(lnSigma * normal() - lnSigma ** 2 / 2);
  };
  let inside = 0;
  for (let draw = 0; draw < draws; draw += 1) {
    let grams = intensityGPerKwh;
    for (const { quantity, estimate, standardUncertainty } of budget) {
      if (quantity === "PUE") grams *= 1 + (pueUsed - 1) * unitDraw(standardUncertainty / (estimate - 1));
      else grams *= unitDraw(standardUncertainty / estimate);
    }
    if (grams >= interval.lowerGrams && grams <= interval.upperGrams) inside += 1;
  }
  expect(Math.abs(inside / draws - 0.95)).toBeLessThan(0.01);
});
