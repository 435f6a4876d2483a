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
  try {
    for (let round = firstRound; round < firstRound + roundCount; round += 1) {
      const runs: MeasuredRun[] = [];
      for (const command of roundOrder(seed, round, commandCount)) {
        if (request.isInterrupted()) return { rounds, failure: null, isInterrupted: true };
        const run = await request.run(command, round);
        if (run === null) return { rounds, failure: null, isInterrupted: true };
        runs.push(run);
      }
      rounds.push(runs.toSorted((left, right) => left.command - right.command));
    }
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    return { rounds, failure: error, isInterrupted: false };
  }
  return { rounds, failure: null, isInterrupted: false };
}
