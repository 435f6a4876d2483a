import type { CarbonEstimator } from "../../../carbon/estimator.ts";
import type { ComparedEnergy } from "../../../comparison/measured-run.ts";
import type { ComparisonResult } from "../../../comparison/result.ts";
import type { Settings } from "../../../config/settings.ts";
import type { CarbonOpsError } from "../../../errors.ts";
import type { CommandContext } from "../../context.ts";

/** What the command line asked for, checked. Ratios: 0.05 is 5 %. */
export interface CompareRequest {
  /** Two to eight. */
  readonly commands: readonly string[];
  /** Rounds where no difference decides them. */
  readonly runs: number;
  readonly detect: number | null;
  readonly maxRuns: number;
  readonly warmup: number;
  readonly power: number;
  readonly compared: ComparedEnergy;
  readonly isAllPairs: boolean;
  readonly failIfWorse: number | null;
  readonly seed: number;
  readonly showOutput: boolean;
  readonly isQuiet: boolean;
}

export interface SessionRequest {
  readonly request: CompareRequest;
  readonly settings: Settings;
  readonly estimator: CarbonEstimator;
  readonly context: CommandContext;
}

export interface SessionEnd {
  /** Null where too few rounds were done to say anything. */
  readonly result: ComparisonResult | null;
  readonly failures: readonly CarbonOpsError[];
  /** Which signal ended it; null where none did. */
  readonly signal: NodeJS.Signals | null;
}
