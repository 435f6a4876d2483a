import { normalQuantile } from "../uncertainty/normal.ts";
import { wattHoursFromJoules } from "../units.ts";
import type { CarbonEstimate } from "./estimate.ts";

/** How far an energy may be from the truth. */
interface EnergyErrors {
  readonly gainLnSigma: number;
  readonly shareLnSigma: number;
  readonly additiveWh: number;
  readonly idleWh?: number;
}

export interface PartGrams {
  readonly grams: number;
  readonly lowerGrams: number;
  readonly upperGrams: number;
}

/** Rows of a budget whose errors are those of grams per watt-hour, and not of the energy. */
const factorSources = ["wall_factor/", "pue/", "intensity."];

/**
 * Grams of a small energy, at the grams per watt-hour of an estimate for the same time and place: for figures that are too many for an estimate each
 * (a span). The interval has the estimate's level and is that of the lognormal distribution with the product's mean and variance (JCGM 100, 5.1.6, for
 * the variance); the errors of the energy are the small one's own. Without the hardware's part. Null where the estimate has no energy to scale from.
 */
export function gramsOfPart(reference: CarbonEstimate, joules: number, errors: EnergyErrors): PartGrams | null {
  const { energyWh, operationalGrams, standardUncertaintyGrams, budget, interval } = reference;
  if (!(energyWh > 0) || !(operationalGrams > 0)) return null;
  const gramsPerWattHour = operationalGrams / energyWh;
  const energy = Math.max(0, wattHoursFromJoules(joules));
  const grams = energy * gramsPerWattHour;
  const z = normalQuantile((1 + interval.level) / 2);
  if (grams === 0) {
    return { grams: 0, lowerGrams: 0, upperGrams: z * fixedErrorWh(errors) * gramsPerWattHour };
  }
  const ofFactors = budget.filter(({ sourceId }) => factorSources.some((prefix) => sourceId.startsWith(prefix)));
  const shareOfVariance = ofFactors.reduce((sum, row) => sum + row.shareOfVariance, 0);
  const factorVariance = shareOfVariance * (standardUncertaintyGrams / operationalGrams) ** 2;
  const lnVariance = Math.log((1 + factorVariance) * (1 + relativeVarianceOfEnergy(joules, errors)));
  const spread = z * Math.sqrt(lnVariance);
  const median = grams * Math.exp(-lnVariance / 2);
  return { grams, lowerGrams: median * Math.exp(-spread), upperGrams: median * Math.exp(spread) };
}

/** Variance of an energy over its square; infinite where the energy is not above 0. */
export function relativeVarianceOfEnergy(joules: number, errors: EnergyErrors): number {
  if (!(joules > 0)) return Number.POSITIVE_INFINITY;
  const ofFactors = Math.exp(errors.gainLnSigma ** 2 + errors.shareLnSigma ** 2) - 1;
  return ofFactors + (fixedErrorWh(errors) / wattHoursFromJoules(joules)) ** 2;
}

function fixedErrorWh({ additiveWh, idleWh = 0 }: EnergyErrors): number {
  return Math.hypot(additiveWh, idleWh);
}
