import { analyticalTruncated, type IntervalKind } from "../uncertainty/analytical-truncated.ts";
import { relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import type { Quantity } from "../uncertainty/product.ts";
import { energyParts, summedEnergy } from "./energy-parts.ts";
import type { TaskEnergy } from "./task-energy.ts";

/** Energy of a task, before wall factor and PUE, with its own coverage interval. */
export interface EnergyInterval {
  readonly meanWh: number;
  readonly lowerWh: number;
  readonly upperWh: number;
  /** Probability that the interval holds, in (0, 1). */
  readonly level: number;
  readonly kind: IntervalKind;
}

/** The same model as the estimate of grams, with the energy's own errors alone (see TaskEnergy). */
export function energyInterval(energy: TaskEnergy, level: number): EnergyInterval {
  const { hostShare, gpuShare } = energyParts(energy);
  const { mean, lower, upper, intervalKind } = analyticalTruncated({
    energy: summedEnergy(energy),
    factors: [
      unitFactor(energy.gainLnSigma, hostShare),
      unitFactor(energy.shareLnSigma, hostShare),
      unitFactor(energy.gpu?.gainLnSigma ?? 0, gpuShare),
      unitFactor(energy.gpu?.shareLnSigma ?? 0, gpuShare),
    ],
    level,
  });
  return { meanWh: mean, lowerWh: lower, upperWh: upper, level, kind: intervalKind };
}

function unitFactor(lnSigma: number, share: number): Quantity {
  return { mean: 1, standardUncertainty: share * relativeFromLnSigma(lnSigma) };
}
