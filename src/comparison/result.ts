import type { CarbonEstimate } from "../carbon/estimate.ts";
import type { Comparison } from "./comparison.ts";
import type { GateVerdict } from "./gate.ts";

/** Everything that a comparison has to say, for whoever shows it. */
export interface ComparisonResult {
  readonly comparison: Comparison;
  /** Of a mean run, by command; null where it could not be estimated. */
  readonly carbon: readonly (CarbonEstimate | null)[];
  /** What it rests on, as one sentence. */
  readonly basis: string;
  readonly notes: readonly string[];
  /** Rounds that were wanted; more than there are where it was cut short. */
  readonly wantedRounds: number;
  /** Why it was cut short; null where it was not. */
  readonly cutShort: "interrupted" | "failed" | null;
  /** Null where no difference was asked for. */
  readonly detect: DetectedDifference | null;
  /** Empty where there is no limit. */
  readonly gate: readonly GateVerdict[];
  /** Of the order of the commands. */
  readonly seed: number;
}

export interface DetectedDifference {
  /** 0.05 is 5 %. */
  readonly difference: number;
  readonly pilotRounds: number;
  readonly announcedRounds: number;
}
