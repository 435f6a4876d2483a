import { CarbonOpsError } from "../errors.ts";
import type { MeasuredRun } from "./measured-run.ts";
import { roundOrder } from "./round-order.ts";

/** One run of every command, by command. */
export type Round = readonly MeasuredRun[];

export interface RoundsRequest {
  readonly commandCount: number;
  /** Number of the first round, and how many. */
  readonly firstRound: number;
  readonly roundCount: number;
  readonly seed: number;
  /** Runs a command and measures it; null where it was interrupted. Throws CarbonOpsError. */
  run(command: number, round: number): Promise<MeasuredRun | null>;
  isInterrupted(): boolean;
}

export interface RoundsEnd {
  /** Those in which every command ran to its end. */
  readonly rounds: readonly Round[];
  /** Why there are not more; null where all are there, or where somebody interrupted it. */
  readonly failure: CarbonOpsError | null;
  readonly isInterrupted: boolean;
}

/** Commands take turns, in another order every round. What was measured before a failure is kept. */
export async function interleavedRounds(request: RoundsRequest): Promise<RoundsEnd> {
  const { commandCount, firstRound, roundCount, seed } = request;
  const rounds: Round[] = [];
  const ended = (failure: CarbonOpsError | null, isInterrupted: boolean): RoundsEnd => ({
    rounds,
    failure,
    isInterrupted,
  });
  for (let round = firstRound; round < firstRound + roundCount; round += 1) {
    const runs: MeasuredRun[] = [];
    let unresolved: CarbonOpsError | null = null;
    for (const command of roundOrder(seed, round, commandCount)) {
      if (request.isInterrupted()) return ended(null, true);
      try {
        const run = await request.run(command, round);
        if (run === null) return ended(null, true);
        runs.push(run);
      } catch (error) {
        if (!(error instanceof CarbonOpsError)) throw error;
        // That another command fails is worth more to know than that this one is too short.
        if (error.code !== "COMPARISON_UNRESOLVED") return ended(error, false);
        unresolved ??= error;
      }
    }
    if (unresolved !== null) return ended(unresolved, false);
    rounds.push(runs.toSorted((left, right) => left.command - right.command));
  }
  return ended(null, false);
}
