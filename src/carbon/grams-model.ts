import type { IntervalKind } from "../uncertainty/analytical-truncated.ts";
import type { Quantity } from "../uncertainty/product.ts";
import type { EmbodiedCarbon } from "./embodied.ts";
import type { MultiplicativeSource } from "./error-sources.ts";
import type { SamplingUsed } from "./estimate.ts";

/** Everything that both methods need to know: grams = energy x kilograms per watt-hour x factors + addend. */
export interface GramsModel {
  /** Parent of the truncated normal, in watt-hours. */
  readonly energy: Quantity;
  /** Grams per watt-hour; 0 is a valid marginal rate. */
  readonly gramsPerWattHour: number;
  readonly sources: readonly MultiplicativeSource[];
  readonly embodied: EmbodiedCarbon;
  readonly level: number;
}

export interface SolvedGrams {
  readonly mean: number;
  readonly standardUncertainty: number;
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly intervalKind: IntervalKind;
  readonly sampling: SamplingUsed | null;
}
