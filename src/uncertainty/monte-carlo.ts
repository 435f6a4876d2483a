import { CarbonOpsError } from "../errors.ts";
import { defaultLevel } from "./analytical-truncated.ts";
import type { SourceCorrelation } from "./correlation.ts";
import { blockStability, numericalTolerance } from "./numerical-tolerance.ts";
import { coverageInterval, type SampleIntervalKind, summarised } from "./order-statistics.ts";
import { trialsPerBlock } from "./random-stream.ts";
import { RunningMoments } from "./running-moments.ts";
import { type RandomSource, type SampleColumns, sampleColumns } from "./sample-columns.ts";

/**
 * Propagation of distributions by Monte Carlo (JCGM 101:2008, clause 7): the interval is taken from the model's values, never from
 * a bootstrap of their mean, so more trials make it steadier and not narrower.
 */
export interface MonteCarloModel {
  /** Their ids are distinct. */
  readonly sources: readonly RandomSource[];
  /** Correlations of sources, by a normal copula: exact for normal ones, of the underlying normals for others. */
  readonly correlations?: readonly SourceCorrelation[];
  /** The quantity from one draw of each source, in the order of the sources. The array is used again for the next trial. */
  readonly model: (draws: Float64Array) => number;
  /** A whole number from 0 to 2^53 - 1. Same seed, sources and trials: same result, bit for bit, wherever the model is. */
  readonly seed: number;
  /** How many, at most 1e7; or as many as make that many significant digits of u stable (7.9.4). */
  readonly trials: number | AdaptiveTrials;
  /** Probability that the interval holds, in (0, 1); default 0.95. */
  readonly level?: number;
  /** Default symmetric: as much probability below as above. Take upper_limit where analyticalTruncated states one. */
  readonly interval?: SampleIntervalKind;
}

export interface AdaptiveTrials {
  /** 1 or 2. */
  readonly digits: 1 | 2;
  /** Stop here, stable or not; default and largest 1e7. */
  readonly maximumTrials?: number;
}

export interface MonteCarloResult {
  readonly method: "monte_carlo";
  readonly mean: number;
  readonly standardUncertainty: number;
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly intervalKind: SampleIntervalKind;
  readonly trials: number;
  /** Whether the adaptive scheme met its tolerance; null when the trials were given. */
  readonly stable: boolean | null;
  /** Numerical tolerance of the adaptive scheme (7.9.2); null when the trials were given. */
  readonly tolerance: number | null;
  /** What another seed would change: one standard deviation of the mean and of the ends of the interval. */
  readonly standardErrors: { readonly mean: number; readonly lower: number; readonly upper: number };
  readonly seed: number;
  /** Name and version of the streams and samplers: part of what makes the result repeatable. */
  readonly sampler: string;
}

const samplerVersion = "philox4x32-10+sfc32/ziggurat-128 v1";

/** 80 MB of values: the bound on memory. */
const maximumTrials = 10_000_000;

/** The scheme is optimistic after two blocks, so it looks first after three. */
const fewestBlocks = 3;

/** Throws INPUT_INVALID for a bad level, seed, number of trials, distribution or correlation, and for a model value that is not finite. */
export function monteCarlo(model: MonteCarloModel): MonteCarloResult {
  const level = model.level ?? defaultLevel;
  const intervalKind = model.interval ?? "symmetric";
  checkModel(model, level);
  const columns = sampleColumns(model.sources, model.correlations ?? [], model.seed);
  const run =
    typeof model.trials === "number"
      ? fixedTrials(columns, model.model, model.trials)
      : adaptiveTrials(columns, model.model, model.trials, level, intervalKind);
  const { values, moments } = run;
  const isUpperLimit = intervalKind === "upper_limit";
  const summary = summarised(values, isUpperLimit ? 0.5 : (1 - level) / 2, isUpperLimit ? level : (1 + level) / 2);
  const interval = coverageInterval(values, level, intervalKind);
  return {
    method: "monte_carlo",
    mean: moments.mean,
    standardUncertainty: moments.standardDeviation,
    median: summary.median,
    lower: interval.lower,
    upper: interval.upper,
    level,
    intervalKind,
    trials: values.length,
    stable: run.stable,
    tolerance: run.tolerance,
    standardErrors: {
      mean: moments.standardDeviation / Math.sqrt(values.length),
      lower: isUpperLimit ? 0 : summary.lowerError,
      upper: summary.upperError,
    },
    seed: model.seed,
    sampler: samplerVersion,
  };
}

interface Run {
  readonly values: Float64Array;
  readonly moments: RunningMoments;
  readonly stable: boolean | null;
  readonly tolerance: number | null;
}

type ModelFunction = MonteCarloModel["model"];

function fixedTrials(columns: SampleColumns, model: ModelFunction, trials: number): Run {
  const values = new Float64Array(trials);
  evaluate(columns, model, values, 0, trials);
  const moments = new RunningMoments();
  for (let from = 0; from < trials; from += trialsPerBlock) {
    moments.add(values, from, Math.min(trials, from + trialsPerBlock));
  }
  return { values, moments, stable: null, tolerance: null };
}

/** JCGM 101, 7.9.4: block after block until mean, u and both ends are steady to the tolerance of u. */
function adaptiveTrials(
  columns: SampleColumns,
  model: ModelFunction,
  { digits, maximumTrials: most = maximumTrials }: AdaptiveTrials,
  level: number,
  kind: SampleIntervalKind,
): Run {
  const blockSize = adaptiveBlockSize(level);
  let values = new Float64Array(Math.min(most, 8 * blockSize));
  let evaluated = 0;
  const moments = new RunningMoments();
  const results: number[][] = [[], [], [], []];
  for (let trials = blockSize; ; trials += blockSize) {
    if (trials > values.length) values = enlarged(values, Math.min(most, 2 * values.length));
    // Whole blocks of draws where they fit: what is evaluated ahead serves the next block of trials.
    const upTo = Math.min(values.length, Math.ceil(trials / trialsPerBlock) * trialsPerBlock);
    if (upTo > evaluated) evaluate(columns, model, values, evaluated, upTo);
    evaluated = Math.max(evaluated, upTo);
    moments.add(values, trials - blockSize, trials);
    for (const [index, result] of blockResults(values.slice(trials - blockSize, trials), level, kind).entries()) {
      results[index]?.push(result);
    }
    const tolerance = numericalTolerance(moments.standardDeviation, digits);
    const isSteady = (blocks: readonly number[]): boolean => {
      const { isStable, standardError } = blockStability(blocks, tolerance);
      return isStable || standardError === 0;
    };
    const stable = trials >= fewestBlocks * blockSize && results.every(isSteady);
    if (stable || trials + blockSize > most) {
      return { values: values.subarray(0, trials), moments, stable, tolerance };
    }
  }
}

/** max(10^4, J), J the smallest whole number from 100 / (1 - level) up (7.9.4 b). */
function adaptiveBlockSize(level: number): number {
  return Math.max(10_000, Math.ceil(100 / (1 - level) - 1e-6));
}

function blockResults(block: Float64Array, level: number, kind: SampleIntervalKind): readonly number[] {
  const moments = new RunningMoments();
  moments.add(block, 0, block.length);
  const { lower, upper } = coverageInterval(block, level, kind);
  return [moments.mean, moments.standardDeviation, lower, upper];
}

function enlarged(values: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(values);
  return larger;
}

/** Evaluates the model for trials up to to - 1, from the beginning of the block of draws that holds the trial `from`. */
function evaluate(columns: SampleColumns, model: ModelFunction, values: Float64Array, from: number, to: number): void {
  for (let start = from - (from % trialsPerBlock); start < to; start += trialsPerBlock) {
    const count = Math.min(trialsPerBlock, to - start);
    columns.fill(start / trialsPerBlock, count);
    const areFinite = evaluateBlock(columns.columns, model, values.subarray(start, start + count));
    if (!areFinite) throw notFinite(values, start);
  }
}

const noColumn = new Float64Array(trialsPerBlock);

/** The first eight columns by name: to look each one up in the list costs as much as the model. Returns whether all values are finite. */
function evaluateBlock(columns: readonly Float64Array[], model: ModelFunction, values: Float64Array): boolean {
  const room = new Float64Array(Math.max(8, columns.length));
  const draws = room.subarray(0, columns.length);
  const [c0 = noColumn, c1 = noColumn, c2 = noColumn, c3 = noColumn] = columns;
  const [c4 = noColumn, c5 = noColumn, c6 = noColumn, c7 = noColumn] = columns.slice(4);
  let areFinite = true;
  for (let trial = 0; trial < values.length; trial += 1) {
    room[0] = c0[trial] ?? 0;
    room[1] = c1[trial] ?? 0;
    room[2] = c2[trial] ?? 0;
    room[3] = c3[trial] ?? 0;
    room[4] = c4[trial] ?? 0;
    room[5] = c5[trial] ?? 0;
    room[6] = c6[trial] ?? 0;
    room[7] = c7[trial] ?? 0;
    for (let source = 8; source < columns.length; source += 1) room[source] = columns[source]?.[trial] ?? 0;
    const value = model(draws);
    values[trial] = value;
    // Infinity and NaN less themselves are NaN.
    areFinite &&= value - value === 0;
  }
  return areFinite;
}

function notFinite(values: Float64Array, start: number): CarbonOpsError {
  const trial = start + values.subarray(start).findIndex((value) => !Number.isFinite(value));
  return invalid(`The model's value is ${values[trial]} in trial ${trial}, but must be a finite number.`);
}

const intervalKinds: ReadonlySet<string> = new Set<SampleIntervalKind>(["symmetric", "shortest", "upper_limit"]);

function checkModel({ sources, seed, trials, interval }: MonteCarloModel, level: number): void {
  if (!(level > 0 && level < 1)) throw invalid(`The level is ${level}, but must be a number between 0 and 1.`);
  if (interval !== undefined && !intervalKinds.has(interval)) {
    throw invalid(`The interval is "${interval}", but must be symmetric, shortest or upper_limit.`);
  }
  if (!(Number.isSafeInteger(seed) && seed >= 0)) {
    throw invalid(`The seed is ${seed}, but must be a whole number from 0 to 2^53 - 1.`);
  }
  if (new Set(sources.map(({ id }) => id)).size < sources.length) {
    throw invalid("Two sources have the same id; one error is one source, and the model may use its draw twice.");
  }
  checkTrials(trials, level);
}

function checkTrials(trials: number | AdaptiveTrials, level: number): void {
  const most = typeof trials === "number" ? trials : (trials.maximumTrials ?? maximumTrials);
  const fewest = typeof trials === "number" ? Math.ceil(10 / (1 - level)) : fewestBlocks * adaptiveBlockSize(level);
  if (!(Number.isInteger(most) && most >= fewest && most <= maximumTrials)) {
    throw invalid(
      `The trials are ${most}, but must be a whole number from ${fewest} to ${maximumTrials} at level ${level}.`,
    );
  }
}

function invalid(message: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", message);
}
