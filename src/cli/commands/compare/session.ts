import { defaultLevel } from "../../../carbon/estimator.ts";
import { announcedRounds } from "../../../comparison/announcement.ts";
import { fewestRounds, labelOf } from "../../../comparison/comparison.ts";
import { basisSentence } from "../../../comparison/notes.ts";
import type { DetectedDifference } from "../../../comparison/result.ts";
import { interleavedRounds, type Round, type RoundsEnd } from "../../../comparison/rounds.ts";
import { openGpuSources } from "../../../discovery/gpu-examination.ts";
import { CarbonOpsError } from "../../../errors.ts";
import { configuredBaseline, openConfiguredSource } from "../../../monitor/configured-source.ts";
import { endDescendants } from "../../../monitor/end-processes.ts";
import { formatDurationSeconds, formatLevel, formatRatioAsPercent } from "../../../units.ts";
import type { CommandContext } from "../../context.ts";
import { rootsOf } from "../../setting-flags.ts";
import { assessed } from "./assessment.ts";
import { openProgress, type Progress } from "./progress.ts";
import type { SessionEnd, SessionRequest } from "./request.ts";
import { type Measurement, measureRun } from "./run-measurement.ts";

interface Session extends Measurement {
  readonly progress: Progress;
}

/** Rounds that size the comparison; they also warm up, and take no part in the result. */
const pilotRounds = 8;

/** Warms up, sizes where a difference was asked for, and runs. What is known after a failure or a signal is in the end. */
export async function runComparison(sessionRequest: SessionRequest): Promise<SessionEnd> {
  const { request, settings, context } = sessionRequest;
  const roots = rootsOf(settings, context);
  const source = await openConfiguredSource(settings, { roots, clock: context.clock });
  const gpuSources = await openGpuSources({ roots, clock: context.clock, nvmlLibrary: settings.nvmlLibrary });
  const { idleBaseline, note: baselineNote } = configuredBaseline(source, settings, { ...context, roots });
  const basis = { source, compared: request.compared, idleBaseline, baselineNote };
  const progress = openProgress(context, request.isQuiet);
  const { interruption, stopListening } = listenForEnd(context, progress);
  try {
    return await staged({
      ...sessionRequest,
      basis,
      source,
      gpuSources,
      progress,
      interruption,
    });
  } finally {
    progress.end();
    stopListening();
    source.close();
    await Promise.all(gpuSources.map((gpus) => gpus.close()));
  }
}

/** One key press may arrive twice, from the terminal and from what has started us; only what comes later is another one. */
const onePressNs = 100_000_000n;
/** A command that is still there so long after the signal may be ignoring it. */
const patienceMs = 1000;

/** The first signal ends the session when the running command has ended; the next one ends the command, whatever it ignores. */
function listenForEnd(context: CommandContext, progress: Progress) {
  const { clock } = context;
  let first: { readonly signal: NodeJS.Signals; readonly atNs: bigint } | null = null;
  let hint: NodeJS.Timeout | null = null;
  const stop = context.onSignal((signal) => {
    if (!endingSignals.has(signal)) return;
    if (first === null) {
      first = { signal, atNs: clock.monotonicNs() };
      hint = setTimeout(() => progress.say(`Waiting for the command to end; ${signal} again kills it.`), patienceMs);
    } else if (clock.monotonicNs() - first.atNs > onePressNs) endDescendants(context);
  });
  return {
    interruption: (): NodeJS.Signals | null => first?.signal ?? null,
    stopListening: (): void => {
      if (hint !== null) clearTimeout(hint);
      stop();
    },
  };
}

const endingSignals: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]);

async function staged(session: Session): Promise<SessionEnd> {
  const { request, progress } = session;
  const nothing = (end: RoundsEnd): SessionEnd => ({
    result: null,
    failures: end.failure === null ? [] : [end.failure],
    signal: session.interruption(),
  });
  progress.say(`Comparing ${request.commands.length} commands. ${basisSentence(session.basis)}`);
  const warmUp = await roundsOf(session, "warm-up", 1, request.warmup);
  if (warmUp.rounds.length < request.warmup) return nothing(warmUp);
  let roundCount = request.runs;
  let detect: DetectedDifference | null = null;
  if (request.detect !== null) {
    const pilot = await roundsOf(session, "pilot round", request.warmup + 1, pilotRounds);
    if (pilot.rounds.length < pilotRounds) return nothing(pilot);
    roundCount = announce(session, request.detect, pilot.rounds);
    detect = { difference: request.detect, pilotRounds, announcedRounds: roundCount };
  }
  const startWallMs = session.context.clock.wallMs();
  // Rounds are numbered from 1 in every stage; the order goes on where the stage before left it.
  const measured = await roundsOf(
    session,
    "round",
    request.warmup + (detect === null ? 0 : pilotRounds) + 1,
    roundCount,
  );
  if (measured.rounds.length < fewestRounds) return nothing(measured);
  return assessed(session, { measured, wantedRounds: roundCount, detect, startWallMs });
}

/** Says how many rounds the difference takes. Throws COMPARISON_UNRESOLVED where it is too many. */
function announce(session: Session, difference: number, pilot: readonly Round[]): number {
  const { request, settings, progress } = session;
  const { commands, power, isAllPairs, maxRuns } = request;
  const level = settings.level ?? defaultLevel;
  const { rounds, lnDeviation, lnUncancelled } = announcedRounds({
    commandCount: commands.length,
    pilot,
    difference,
    level,
    power,
    isAllPairs,
  });
  const wanted = formatLevel(difference);
  if (rounds === null) {
    throw new CarbonOpsError(
      "COMPARISON_UNRESOLVED",
      `No number of runs shows ${wanted}, because errors that do not cancel are ${formatRatioAsPercent(lnUncancelled)}; use a quieter host, calibrate its idle power, or look for a larger difference.`,
    );
  }
  if (rounds > maxRuns) {
    throw new CarbonOpsError(
      "COMPARISON_UNRESOLVED",
      `To show ${wanted} takes ${rounds} runs of each command, because the runs scatter by ${formatRatioAsPercent(lnDeviation)} against each other; allow them with --max-runs ${rounds}, quieten the host, or look for a larger difference.`,
    );
  }
  const secondsARound = pilot.flat().reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / pilot.length;
  progress.say(
    `${rounds} runs of each command show ${wanted} with probability ${power}: pairs scatter by ${formatRatioAsPercent(lnDeviation)} in ${pilot.length} pilot rounds, which are not counted. About ${formatDurationSeconds(secondsARound * rounds)}.`,
  );
  return rounds;
}

async function roundsOf(session: Session, stage: string, firstRound: number, roundCount: number): Promise<RoundsEnd> {
  const { request, progress } = session;
  progress.start(stage, roundCount);
  let runsDone = 0;
  return interleavedRounds({
    commandCount: request.commands.length,
    firstRound,
    roundCount,
    seed: request.seed,
    isInterrupted: () => session.interruption() !== null,
    run: async (command, round) => {
      progress.run(labelOf(command), Math.floor(runsDone / request.commands.length));
      const run = await measureRun(session, { command, stage, round: round - firstRound + 1 });
      runsDone += 1;
      return run;
    },
  });
}
