import { relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import { productOfFactors, type Quantity } from "../uncertainty/product.ts";
import type { TaskEnergy } from "./task-energy.ts";

/** How a task's energy is made up of the host's part and the GPUs' part. */
export interface EnergyParts {
  /** Share of the host's part in the sum, in [0, 1]; 1 where there are no GPUs. */
  readonly hostShare: number;
  readonly gpuShare: number;
  /** The mean of both parts' factors, weighed by their energy. */
  readonly factor: number;
}

/** What its uncertainty follows from. */
type EnergyAndErrors = Pick<TaskEnergy, "meanWh" | "additiveWh" | "idle" | "gainLnSigma" | "shareLnSigma" | "gpu">;

/** Both parts together, before any factor. */
export function summedEnergy({ meanWh, additiveWh, idle, gpu }: EnergyAndErrors): Quantity {
  const idleWh = idle?.standardUncertaintyWh ?? 0;
  return {
    mean: meanWh + (gpu?.meanWh ?? 0),
    standardUncertainty: Math.hypot(additiveWh, idleWh, gpu?.additiveWh ?? 0),
  };
}

/** Standard uncertainty of the sum in watt-hours, of all that is known of its errors, before values below 0 are excluded. */
export function energyUncertaintyWh(energy: EnergyAndErrors): number {
  const { hostShare, gpuShare } = energyParts(energy);
  const factorOf = (lnSigma: number, share: number): Quantity => ({
    mean: 1,
    standardUncertainty: share * relativeFromLnSigma(lnSigma),
  });
  return productOfFactors([
    summedEnergy(energy),
    factorOf(energy.gainLnSigma, hostShare),
    factorOf(energy.shareLnSigma, hostShare),
    factorOf(energy.gpu?.gainLnSigma ?? 0, gpuShare),
    factorOf(energy.gpu?.shareLnSigma ?? 0, gpuShare),
  ]).standardUncertainty;
}

/** A part of an energy, for the part of the span that an intensity is known for. */
export function partOfEnergy(energy: TaskEnergy, share: number): TaskEnergy {
  if (share === 1) return energy;
  const { idle, gpu } = energy;
  return {
    ...energy,
    meanWh: energy.meanWh * share,
    additiveWh: energy.additiveWh * share,
    ...(idle === undefined ? {} : { idle: { ...idle, standardUncertaintyWh: idle.standardUncertaintyWh * share } }),
    ...(gpu === undefined ? {} : { gpu: { ...gpu, meanWh: gpu.meanWh * share, additiveWh: gpu.additiveWh * share } }),
  };
}

/**
 * The parts after each was multiplied by its own factor (1 for plain energy). An error of one part moves the sum by that part's share
 * of it (JCGM 100, 5.1.2), which is how it enters a product as if it were an error of the whole. A part below 0 has no share.
 */
export function energyParts(
  { meanWh, gpu }: Pick<TaskEnergy, "meanWh" | "gpu">,
  hostFactor = 1,
  gpuFactor = 1,
): EnergyParts {
  if (gpu === undefined) return { hostShare: 1, gpuShare: 0, factor: hostFactor };
  const [hostWh, gpuWh] = [Math.max(0, meanWh), Math.max(0, gpu.meanWh)];
  if (hostWh + gpuWh === 0) return { hostShare: 1, gpuShare: 0, factor: hostFactor };
  const total = hostWh * hostFactor + gpuWh * gpuFactor;
  return {
    hostShare: (hostWh * hostFactor) / total,
    gpuShare: (gpuWh * gpuFactor) / total,
    factor: total / (hostWh + gpuWh),
  };
}
