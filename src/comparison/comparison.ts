import { CarbonOpsError } from "../errors.ts";
import { extremeDeviates } from "../uncertainty/extreme-deviates.ts";
import { pairedDetectableEffect, pairedSampleSize } from "../uncertainty/paired-power.ts";
import { comparePairs, holmAdjusted, type PairedComparison } from "../uncertainty/paired-samples.ts";
import { compareRanks } from "../uncertainty/rank-test.ts";
import { median, sampleMoments } from "../uncertainty/sample.ts";
import type { MeasuredRun } from "./measured-run.ts";
import type { Round } from "./rounds.ts";
import { clockLnUncertainty, uncancelledLnUncertainty } from "./shared-errors.ts";

export interface ComparisonRequest {
  /** Two to eight, as they were typed. */
  readonly commands: readonly string[];
  /** At least two. */
  readonly rounds: readonly Round[];
  /** Probability that the intervals hold, all of them together. */
  readonly level: number;
  /** Probability of seeing the differences that the plan speaks of. */
  readonly power: number;
  /** Every command with every other one, instead of each with the first. */
  readonly isAllPairs: boolean;
  /** Differences that the plan speaks of, as ratios above 0: 0.05 is 5 %. */
  readonly plannedDifferences: readonly number[];
}

export interface Comparison {
  readonly commands: readonly CommandFigures[];
  readonly pairs: readonly PairFigures[];
  readonly roundCount: number;
  readonly level: number;
  readonly power: number;
  /** How p-values were adjusted for there being several pairs. */
  readonly correction: "none" | "holm";
}

export interface CommandFigures {
  /** "A", "B", … */
  readonly label: string;
  readonly command: string;
  /** Arithmetic mean of a run: what many runs cost. */
  readonly meanWh: number;
  /** Standard deviation of the runs' logarithms: nearly their coefficient of variation. */
  readonly lnDeviation: number;
  readonly meanDurationSeconds: number;
  readonly meanCpuSeconds: number;
  /** One a round, in their order. */
  readonly energyWh: readonly number[];
  /** Runs that stand out from the others of their command. They are in every figure. */
  readonly outliers: readonly Outlier[];
}

export interface Outlier {
  readonly round: number;
  readonly energyWh: number;
  /** Over the median of the command's runs. */
  readonly ratioToMedian: number;
}

export interface PairFigures {
  /** Places in `commands`. */
  readonly command: number;
  readonly reference: number;
  /** Energy of a run of the command over that of the reference: of geometric means. */
  readonly ratio: number;
  /** Simultaneous where there are several pairs (Bonferroni): all hold together with the level. */
  readonly lower: number;
  readonly upper: number;
  /** Two-sided, of Student's paired test. */
  readonly pValue: number;
  /** After Holm; the same where there is one pair. */
  readonly adjustedPValue: number;
  /** Whether chance is ruled out: the adjusted p-value is below 1 - level. */
  readonly isReal: boolean;
  /** Of Mann and Whitney's test, which uses ranks alone and no pairs; not adjusted. */
  readonly rankPValue: number;
  /** Standard deviation of the logarithm of the ratio from round to round. */
  readonly lnDeviation: number;
  /** Standard uncertainty of the logarithm of the ratio that more runs do not make smaller. */
  readonly lnUncancelled: number;
  /** The smallest difference that so many rounds show with the power: 0.05 is 5 %. */
  readonly detectableDifference: number;
  readonly plan: readonly PlannedRounds[];
  /** The pair without the rounds that hold an outlier of either; null where there is none, or too little would be left. */
  readonly withoutOutliers: PairWithoutOutliers | null;
}

export interface PlannedRounds {
  readonly difference: number;
  /** Rounds in all that show it with the power; null where no number of them does. */
  readonly rounds: number | null;
  /** How many more than there are: 0 where there are enough. */
  readonly more: number | null;
}

export interface PairWithoutOutliers extends Pick<PairedComparison, "ratio" | "lower" | "upper" | "pValue"> {
  readonly rounds: number;
}

/** Rounds below which nothing is said. */
export const fewestRounds = 2;

/** Which of the commands differ, by how much, and what more rounds would show. Throws INPUT_INVALID for runs without energy. */
export function compareRounds(request: ComparisonRequest): Comparison {
  const { commands, rounds, level, power, isAllPairs } = request;
  if (rounds.length < fewestRounds) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `A comparison needs ${fewestRounds} rounds or more, not ${rounds.length}.`,
    );
  }
  const byCommand = commands.map((_, command) => runsOf(rounds, command));
  const figures = commands.map((command, index) =>
    commandFigures(command, index, byCommand[index] ?? [], (1 - level) / commands.length),
  );
  const chosen = pairsOf(commands.length, isAllPairs);
  const alpha = (1 - level) / chosen.length;
  const tests = chosen.map(({ command, reference }) => {
    const [a, b] = [byCommand[command] ?? [], byCommand[reference] ?? []];
    return { command, reference, ...testOf(a, b, alpha) };
  });
  const adjusted = holmAdjusted(tests.map(({ test }) => test.pValue));
  const pairs = tests.map(({ command, reference, test, lnUncancelled, rankPValue }, index) => {
    const error = { deviation: test.deviation, count: test.count, systematic: lnUncancelled };
    const adjustedPValue = adjusted[index] ?? 1;
    return {
      command,
      reference,
      ratio: test.ratio,
      lower: test.lower,
      upper: test.upper,
      pValue: test.pValue,
      adjustedPValue,
      isReal: adjustedPValue < 1 - level,
      rankPValue,
      lnDeviation: test.deviation,
      lnUncancelled,
      detectableDifference: Math.expm1(pairedDetectableEffect(error, { alpha, power })),
      plan: request.plannedDifferences.map((difference) => {
        const wanted = pairedSampleSize({
          effect: Math.log1p(difference),
          deviation: test.deviation,
          systematic: lnUncancelled,
          alpha,
          power,
        });
        return { difference, rounds: wanted, more: wanted === null ? null : Math.max(0, wanted - rounds.length) };
      }),
      withoutOutliers: withoutOutliers(byCommand, figures, { command, reference }, alpha),
    };
  });
  return {
    commands: figures,
    pairs,
    roundCount: rounds.length,
    level,
    power,
    correction: pairs.length > 1 ? "holm" : "none",
  };
}

export interface Pair {
  readonly command: number;
  readonly reference: number;
}

/** Each later command with the first, or every one with every earlier one. */
export function pairsOf(commandCount: number, isAllPairs: boolean): readonly Pair[] {
  const later = Array.from({ length: commandCount - 1 }, (_, index) => index + 1);
  if (!isAllPairs) return later.map((command) => ({ command, reference: 0 }));
  return later.flatMap((command) => Array.from({ length: command }, (_, reference) => ({ command, reference })));
}

export function labelOf(command: number): string {
  return String.fromCodePoint(65 + command);
}

export function runsOf(rounds: readonly Round[], command: number): readonly MeasuredRun[] {
  return rounds.flatMap((runs) => runs[command] ?? []);
}

/** No counter tells energies apart that are nearer to each other than this, as a ratio: one step of 61 µJ in 6 J. */
const finestLn = 1e-5;

/** The paired test of two commands' runs, a against b. */
export function testOf(
  a: readonly MeasuredRun[],
  b: readonly MeasuredRun[],
  alpha: number,
): { readonly test: PairedComparison; readonly lnUncancelled: number; readonly rankPValue: number } {
  const lnUncancelled = uncancelledLnUncertainty(a, b);
  const [ofA, ofB] = [a.map(({ energyWh }) => energyWh), b.map(({ energyWh }) => energyWh)];
  const test = comparePairs(ofA, ofB, {
    level: 1 - alpha,
    systematic: lnUncancelled,
    smallestDeviation: Math.max(finestLn, Math.hypot(clockLnUncertainty(a), clockLnUncertainty(b))),
  });
  return { test, lnUncancelled, rankPValue: compareRanks(ofA, ofB).pValue };
}

function commandFigures(
  command: string,
  index: number,
  runs: readonly MeasuredRun[],
  falseAlarmProbability: number,
): CommandFigures {
  const energyWh = runs.map((run) => run.energyWh);
  const logarithms = energyWh.map(Math.log);
  const middle = median(energyWh);
  return {
    label: labelOf(index),
    command,
    meanWh: sampleMoments(energyWh).mean,
    lnDeviation: Math.sqrt(sampleMoments(logarithms).variance),
    meanDurationSeconds: sampleMoments(runs.map(({ durationSeconds }) => durationSeconds)).mean,
    meanCpuSeconds: sampleMoments(runs.map(({ cpuSeconds }) => cpuSeconds)).mean,
    energyWh,
    outliers: extremeDeviates(logarithms, { falseAlarmProbability })
      .toSorted((left, right) => left - right)
      .flatMap((place) => outlierOf(runs[place], middle)),
  };
}

function outlierOf(run: MeasuredRun | undefined, medianWh: number): readonly Outlier[] {
  if (run === undefined) return [];
  return [{ round: run.round, energyWh: run.energyWh, ratioToMedian: run.energyWh / medianWh }];
}

function withoutOutliers(
  byCommand: readonly (readonly MeasuredRun[])[],
  figures: readonly CommandFigures[],
  { command, reference }: Pair,
  alpha: number,
): PairWithoutOutliers | null {
  const named = new Set(
    [figures[command], figures[reference]].flatMap((each) => each?.outliers ?? []).map(({ round }) => round),
  );
  const kept = (index: number): readonly MeasuredRun[] =>
    (byCommand[index] ?? []).filter(({ round }) => !named.has(round));
  const [a, b] = [kept(command), kept(reference)];
  if (named.size === 0 || a.length < fewestRounds) return null;
  const { ratio, lower, upper, pValue } = testOf(a, b, alpha).test;
  return { ratio, lower, upper, pValue, rounds: a.length };
}
