import { lnSigmaFromRelative } from "../uncertainty/lognormal.ts";
import {
  checkedNumber,
  differenceRange,
  energyRange,
  invalidInput,
  lnSigmaRange,
  relativeRange,
} from "./checked-number.ts";
import { summedEnergy } from "./energy-parts.ts";
import { statedGainSourceId } from "./error-sources.ts";
import type { TaskEnergy } from "./task-energy.ts";

/** The energy of an estimate: either a number, or an energy with its errors. */
export interface EnergyInput {
  /** Watt-hours, 0 to 1e18. Null says that the energy is not known, and is refused. */
  readonly energyWh?: number | null | undefined;
  /**
   * Standard deviation over mean of `energyWh`; without it, `energyWh` is taken as exact and the estimate says so. Nobody said what the
   * error is shared with, so it is this estimate's alone: for one meter behind many estimates pass `energy` with its `gainSourceId`.
   */
  readonly energyRelativeUncertainty?: number | undefined;
  /** An energy that carries its own errors. Null says that the energy is not known, and is refused. */
  readonly energy?: TaskEnergy | null | undefined;
}

/** Throws INPUT_INVALID when there is not exactly one energy, or one of its numbers is outside its range. */
export function taskEnergyOf({ energyWh, energyRelativeUncertainty, energy }: EnergyInput): TaskEnergy {
  if (energyWh !== undefined && energy !== undefined) {
    throw invalidInput("Either energyWh or energy must be given, not both.");
  }
  if (energyWh === null || energy === null) {
    throw invalidInput(
      "The energy is not known (null), so there is nothing to estimate from; metric.energy.energySourceLabel and logger.problems say why.",
    );
  }
  if (energy !== undefined) {
    if (energyRelativeUncertainty === undefined) return checkedEnergy(energy);
    throw invalidInput(
      "energyRelativeUncertainty belongs to energyWh, and energy carries its own errors; leave energyRelativeUncertainty out.",
    );
  }
  if (energyWh === undefined) throw invalidInput("No energy was given: pass energyWh or energy.");
  return statedEnergy(energyWh, energyRelativeUncertainty);
}

function statedEnergy(energyWh: number, relative: number | undefined): TaskEnergy {
  const meanWh = checkedNumber("energyWh", energyWh, energyRange);
  const checkedRelative =
    relative === undefined ? 0 : checkedNumber("energyRelativeUncertainty", relative, relativeRange);
  return {
    meanWh,
    additiveWh: 0,
    gainLnSigma: lnSigmaFromRelative(checkedRelative),
    gainSourceId: statedGainSourceId,
    gainCitation: "stated by the user",
    shareLnSigma: 0,
    boundary: null,
    provenance: "measured",
  };
}

function checkedEnergy(energy: TaskEnergy): TaskEnergy {
  checkedPart("energy", energy);
  if (energy.idle !== undefined) {
    checkedNumber("energy.idle.standardUncertaintyWh", energy.idle.standardUncertaintyWh, energyRange);
  }
  if (energy.gpu !== undefined) checkedPart("energy.gpu", energy.gpu);
  const sum = summedEnergy(energy);
  if (sum.mean < 0 && sum.standardUncertainty === 0) {
    throw invalidInput(
      `energy.meanWh is ${energy.meanWh}, but must be 0 or more when additiveWh gives it no room to be wrong.`,
    );
  }
  return energy;
}

type EnergyPart = Pick<TaskEnergy, "meanWh" | "additiveWh" | "gainLnSigma" | "shareLnSigma">;

function checkedPart(name: string, part: EnergyPart): void {
  checkedNumber(`${name}.meanWh`, part.meanWh, differenceRange);
  checkedNumber(`${name}.additiveWh`, part.additiveWh, energyRange);
  checkedNumber(`${name}.gainLnSigma`, part.gainLnSigma, lnSigmaRange);
  checkedNumber(`${name}.shareLnSigma`, part.shareLnSigma, lnSigmaRange);
}
