import { expect, test } from "vitest";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { lnSigmaFromRelative } from "../../src/uncertainty/lognormal.ts";
import { seededNormals } from "../uncertainty/seeded-normals.ts";
import { hourly, liveProvider, liveSeries } from "./example-series.ts";

const draws = 40_000;

const tailError = Math.sqrt((0.025 * 0.975) / draws);

const profiles = [undefined, "enterprise", "cloud-hyperscale"];
const cases = profiles.flatMap((pue) =>
  [0.02, 0.06, 0.1, 0.3].flatMap((ofIntensity) => [0.02, 0.1].map((ofEnergy) => ({ pue, ofIntensity, ofEnergy }))),
);

/** Each tail by itself, for a skewness that is wrong hides in their sum; 3.8 standard errors for 48 of them. */
test.each(cases)(
  "of what an estimate says may be true, one in 40 lies below its interval and one in 40 above: PUE $pue, intensity $ofIntensity, energy $ofEnergy",
  async ({ pue, ofIntensity, ofEnergy }) => {
    const periods = hourly("2025-07-01T10:00:00Z", [1000], { relativeUncertainty: ofIntensity });
    const intensity = { providers: [liveProvider(liveSeries(periods, { errors: [] }))] };
    const estimator = new CarbonEstimator({ region: "DE", intensity, ...(pue === undefined ? {} : { pue }) });
    const { budget, interval } = await estimator.estimateOverSpan({
      startTs: "2025-07-01T10:00:00Z",
      endTs: "2025-07-01T11:00:00Z",
      energyWh: 1000,
      energyRelativeUncertainty: ofEnergy,
    });
    const pueRow = budget.find(({ quantity }) => quantity === "PUE");
    const excess = (pueRow?.estimate ?? 1) - 1;
    const lnSigmaOfExcess = lnSigmaFromRelative((pueRow?.standardUncertainty ?? 0) / excess);
    const lnSigmaOfRest = Math.hypot(lnSigmaFromRelative(ofIntensity), lnSigmaFromRelative(ofEnergy));
    const normal = seededNormals(20264);
    const unitDraw = (lnSigma: number): number => Math.exp(lnSigma * normal() - lnSigma ** 2 / 2);
    let [below, above] = [0, 0];
    for (let draw = 0; draw < draws; draw += 1) {
      const grams = 1000 * unitDraw(lnSigmaOfRest) * (1 + excess * unitDraw(lnSigmaOfExcess));
      if (grams < interval.lowerGrams) below += 1;
      if (grams > interval.upperGrams) above += 1;
    }
    expect(Math.abs(below / draws - 0.025)).toBeLessThan(3.8 * tailError);
    expect(Math.abs(above / draws - 0.025)).toBeLessThan(3.8 * tailError);
  },
);
