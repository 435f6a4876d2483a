import { CarbonOpsError } from "../errors.ts";
import { lnSigmaFromRelative } from "../uncertainty/lognormal.ts";
import { summedEnergy } from "./energy-parts.ts";
import type { TaskEnergy } from "./task-energy.ts";

/** The energy of an estimate: either a number, or an energy with its errors. */
export interface EnergyInput {
  /** Watt-hours, 0 or more. Null says that the energy is not known, and is refused. */
  readonly energyWh?: number | null;
  /** Standard deviation over mean of `energyWh`; without it, `energyWh` is taken as exact and the estimate says so. */
  readonly energyRelativeUncertainty?: number;
  readonly energy?: TaskEnergy;
}

/** Throws INPUT_INVALID when there is not exactly one energy, or one of its numbers is outside its range. */
export function taskEnergyOf(input: EnergyInput): TaskEnergy {
  const { energyWh, energy } = input;
  if (energy !== undefined) {
    if (energyWh !== undefined) throw invalid("Either energyWh or energy must be given, not both.");
    return checked(energy);
  }
  if (energyWh === undefined) throw invalid("No energy was given: pass energyWh or energy.");
  if (energyWh === null) {
    throw invalid(
      "The energy is not known (null): there is nothing to estimate from; see what the metric says about its source.",
    );
  }
  if (!(Number.isFinite(energyWh) && energyWh >= 0)) {
    throw invalid(`energyWh is ${energyWh}, but must be a finite number, 0 or more.`);
  }
  const relative = nonNegative("energyRelativeUncertainty", input.energyRelativeUncertainty ?? 0);
  return {
    meanWh: energyWh,
    additiveWh: 0,
    gainLnSigma: lnSigmaFromRelative(relative),
    gainSourceId: "energy.gain/stated",
    gainCitation: "stated by the user",
    shareLnSigma: 0,
    boundary: null,
    provenance: "measured",
  };
}

function checked(energy: TaskEnergy): TaskEnergy {
  if (!Number.isFinite(energy.meanWh)) throw invalid(`energy.meanWh is ${energy.meanWh}, but must be a finite number.`);
  nonNegative("energy.additiveWh", energy.additiveWh);
  nonNegative("energy.gainLnSigma", energy.gainLnSigma);
  nonNegative("energy.shareLnSigma", energy.shareLnSigma);
  if (energy.gpu !== undefined) {
    if (!Number.isFinite(energy.gpu.meanWh)) {
      throw invalid(`energy.gpu.meanWh is ${energy.gpu.meanWh}, but must be a finite number.`);
    }
    nonNegative("energy.gpu.additiveWh", energy.gpu.additiveWh);
    nonNegative("energy.gpu.gainLnSigma", energy.gpu.gainLnSigma);
    nonNegative("energy.gpu.shareLnSigma", energy.gpu.shareLnSigma);
  }
  const sum = summedEnergy(energy);
  if (sum.mean < 0 && sum.standardUncertainty === 0) {
    throw invalid(
      `energy.meanWh is ${energy.meanWh}, but must be 0 or more when additiveWh gives it no room to be wrong.`,
    );
  }
  return energy;
}

function nonNegative(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw invalid(`${name} is ${value}, but must be a finite number, 0 or more.`);
}

function invalid(message: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", message);
}
