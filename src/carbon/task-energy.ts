import type { EnergyBoundary, Provenance } from "../energy/source.ts";

/**
 * The energy of a task and how far it may be from the truth, in the terms in which its errors are born. The true energy is
 * modelled as
 *
 *     energy = gain * share * E,   E ~ Normal(meanWh, additiveWh) truncated at 0
 *
 * where gain and share are lognormal with mean 1. A difference (total minus idle) has an absolute error that must not be
 * written as a percentage of what is left; a sensor's calibration and a share by CPU time are percentages by nature.
 */
export interface TaskEnergy {
  /** Best value in watt-hours. It may be slightly negative, since it is a difference of two readings. */
  readonly meanWh: number;
  /** Standard uncertainty in watt-hours of what does not scale with the energy: clock resolution, idle baseline. 0 or more. */
  readonly additiveWh: number;
  /** Log standard deviation of the source's gain, shared by everything that was read from it. 0 or more. */
  readonly gainLnSigma: number;
  /** What the gain's error is shared with, e.g. `rapl.gain/host=…/pkg=0`. */
  readonly gainSourceId: string;
  /** Document that the gain's uncertainty comes from. */
  readonly gainCitation: string;
  /** Log standard deviation of the task's share of the host's energy. 0 or more. */
  readonly shareLnSigma: number;
  /** What the joules include; null when nobody said, and then they are taken as counted at the plug. */
  readonly boundary: EnergyBoundary | null;
  /** Whether the joules were counted by hardware or computed by a model. */
  readonly provenance: Provenance;
  /** Energy of GPUs beside it, with errors of its own: it adds to `meanWh`, and is not in it. */
  readonly gpu?: GpuTaskEnergy;
}

/** The task's part of the energy of GPUs, as the boards' own sensors see it; members as in `TaskEnergy`. */
export type GpuTaskEnergy = Omit<TaskEnergy, "boundary" | "gpu">;
