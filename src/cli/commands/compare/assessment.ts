import type { CarbonEstimate } from "../../../carbon/estimate.ts";
import { type CarbonEstimator, defaultLevel } from "../../../carbon/estimator.ts";
import { compareRounds, runsOf } from "../../../comparison/comparison.ts";
import { judgeGate } from "../../../comparison/gate.ts";
import { meanEnergyOf } from "../../../comparison/mean-energy.ts";
import type { MeasuredRun } from "../../../comparison/measured-run.ts";
import { basisSentence, comparisonNotes } from "../../../comparison/notes.ts";
import type { DetectedDifference } from "../../../comparison/result.ts";
import type { RoundsEnd } from "../../../comparison/rounds.ts";
import { CarbonOpsError } from "../../../errors.ts";
import type { SessionEnd } from "./request.ts";
import type { Measurement } from "./run-measurement.ts";

/** Differences that the plan speaks of where nobody asked for one. */
const usualDifferences: readonly number[] = [0.1, 0.05, 0.02, 0.01];

export interface MeasuredRounds {
  readonly measured: RoundsEnd;
  readonly wantedRounds: number;
  readonly detect: DetectedDifference | null;
  /** When the first of them began. */
  readonly startWallMs: number;
}

/** Everything that the rounds say. */
export async function assessed(
  session: Measurement,
  { measured, wantedRounds, detect, startWallMs }: MeasuredRounds,
): Promise<SessionEnd> {
  const { request, settings, estimator, basis, context } = session;
  const { rounds, failure, isInterrupted } = measured;
  const comparison = compareRounds({
    commands: request.commands,
    rounds,
    level: settings.level ?? defaultLevel,
    power: request.power,
    isAllPairs: request.isAllPairs,
    plannedDifferences: detect === null ? usualDifferences : [detect.difference],
  });
  const failures = failure === null ? [] : [failure];
  const carbon: (CarbonEstimate | null)[] = [];
  const endWallMs = Math.max(startWallMs, context.clock.wallMs());
  for (const command of request.commands.keys()) {
    carbon.push(await estimated(failures, estimator, runsOf(rounds, command), { startWallMs, endWallMs }));
  }
  const gate = request.failIfWorse === null ? [] : judgeGate(comparison, request.failIfWorse);
  const cutShort = isInterrupted ? "interrupted" : "failed";
  return {
    result: {
      comparison,
      carbon,
      basis: basisSentence(basis),
      notes: comparisonNotes(comparison, rounds, basis),
      wantedRounds,
      cutShort: rounds.length === wantedRounds ? null : cutShort,
      detect,
      gate,
      seed: request.seed,
    },
    failures,
    signal: session.interruption(),
  };
}

async function estimated(
  failures: CarbonOpsError[],
  estimator: CarbonEstimator,
  runs: readonly MeasuredRun[],
  { startWallMs, endWallMs }: { readonly startWallMs: number; readonly endWallMs: number },
): Promise<CarbonEstimate | null> {
  const energy = meanEnergyOf(runs);
  if (energy === null) return null;
  try {
    return await estimator.estimateOverSpan({ startTs: startWallMs, endTs: endWallMs, energy });
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    failures.push(error);
    return null;
  }
}
