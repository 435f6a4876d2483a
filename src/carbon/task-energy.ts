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
  /**
   * Standard uncertainty in watt-hours of what does not scale with the energy and is this task's alone: resolution of clocks; the idle
   * baseline too where `idle` is absent. 0 or more.
   */
  readonly additiveWh: number;
  /** The error of the idle baseline that was subtracted, which every task measured with that baseline shares. */
  readonly idle?: IdleError | undefined;
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
  /** Name of the host, for errors that are the same for everything on it; absent where it is not known. */
  readonly host?: string | undefined;
  /** Energy of GPUs beside it, with errors of its own: it adds to `meanWh`, and is not in it. */
  readonly gpu?: GpuTaskEnergy;
}

/** The task's part of the energy of GPUs, as the boards' own sensors see it; members as in `TaskEnergy`. */
export type GpuTaskEnergy = Omit<TaskEnergy, "boundary" | "gpu" | "idle" | "host">;

export interface IdleError {
  /** Standard uncertainty in watt-hours that the baseline gives the task's energy: watts times the time of the task's share. 0 or more. */
  readonly standardUncertaintyWh: number;
  /** Which baseline it is, e.g. `idle/host=…/cal=…`. */
  readonly sourceId: string;
}
