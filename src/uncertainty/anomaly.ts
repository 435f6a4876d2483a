import { CarbonOpsError } from "../errors.ts";
import { normalQuantile } from "./normal.ts";
import { checkSample, median, sampleMoments } from "./sample.ts";
import { studentTQuantile, studentTTwoSidedTail } from "./student-t.ts";

/** Anomalies of a series, with false alarms as rare as stated. For independent, nearly normal points; see docs/statistics.md. */

export interface PointScore {
  /** Distance from the baseline in its own spread; finite. */
  readonly z: number;
  readonly threshold: number;
  readonly isAnomaly: boolean;
}

export interface SpikeOptions {
  /** Probability that a point of the same kind as its baseline raises an alarm; default 0.0027, as for 3 sigma. */
  readonly falseAlarmProbability?: number;
  /** Smallest spread that counts, such as the sensor's resolution; 1e-3 of the baseline's centre where absent. 0 or more. */
  readonly smallestSpread?: number;
}

const defaultFalseAlarmProbability = 0.0027;

/**
 * A point against a baseline that does not contain it: z by mean and sample standard deviation. The threshold is
 * t_(1-p/2, n-1) sqrt(1 + 1/n), since mean and spread of n points are themselves uncertain: exact for independent normal data at every
 * n. (A fixed 3 with four baseline points and the population's standard deviation, as in the Python original, alarms at one point in ten.)
 */
export function spikeScore(point: number, baseline: readonly number[], options: SpikeOptions = {}): PointScore {
  checkSample([point], 1);
  const { count, mean, variance } = sampleMoments(baseline);
  const { falseAlarmProbability = defaultFalseAlarmProbability } = options;
  const threshold = spikeThreshold(count, falseAlarmProbability);
  return scored(point - mean, Math.sqrt(variance), threshold, spreadFloor(mean, options));
}

/** Throws INPUT_INVALID for a baseline of fewer than two points, or a probability outside (0, 1). */
export function spikeThreshold(baselineCount: number, falseAlarmProbability = defaultFalseAlarmProbability): number {
  checkBaseline(baselineCount);
  if (!(falseAlarmProbability > 0 && falseAlarmProbability < 1)) {
    throw invalid("probability of a false alarm", falseAlarmProbability, "a number between 0 and 1");
  }
  return studentTQuantile(1 - falseAlarmProbability / 2, baselineCount - 1) * Math.sqrt(1 + 1 / baselineCount);
}

/** How often a fixed threshold alarms without reason, for independent normal data and a point that is not in its baseline. */
export function falseAlarmProbabilityAt(
  baselineCount: number,
  threshold: number,
  deviation: "sample" | "population" = "sample",
): number {
  checkBaseline(baselineCount);
  const scale = deviation === "sample" ? 1 : Math.sqrt((baselineCount - 1) / baselineCount);
  return studentTTwoSidedTail((threshold * scale) / Math.sqrt(1 + 1 / baselineCount), baselineCount - 1);
}

/** A point inside its own window of n can reach no larger z, with sample standard deviation: (n - 1) / sqrt(n). */
export function largestPossibleZ(windowCount: number): number {
  checkBaseline(windowCount);
  return (windowCount - 1) / Math.sqrt(windowCount);
}

/** Half of normal data lies closer to the median than this many standard deviations. */
const normalMad = normalQuantile(0.75);

/** Of Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993). */
const usualRobustThreshold = 3.5;

export interface RobustOptions extends Pick<SpikeOptions, "smallestSpread"> {
  /** Default 3.5. */
  readonly threshold?: number;
}

export interface RobustScore extends PointScore {
  readonly median: number;
  /** Median absolute deviation from the median, as found: it may be 0. */
  readonly medianAbsoluteDeviation: number;
}

/**
 * A point against the median of its baseline in units of the median absolute deviation, 0.6745 |x - median| / MAD: outliers in the
 * baseline, up to half of it, do not hide the next one. Its false alarms are rarer than 1 % only from about 20 points on.
 */
export function robustScore(point: number, baseline: readonly number[], options: RobustOptions = {}): RobustScore {
  checkSample([point], 1);
  const centre = median(baseline);
  const deviation = median(baseline.map((value) => Math.abs(value - centre)));
  const score = scored(
    point - centre,
    deviation / normalMad,
    options.threshold ?? usualRobustThreshold,
    spreadFloor(centre, options),
  );
  return { ...score, median: centre, medianAbsoluteDeviation: deviation };
}

/** Hampel's filter: each point is judged within its centred window of 2 halfWidth + 1 points, fewer at the ends; an outlier becomes the median. */
export function hampelFilter(
  series: readonly number[],
  { halfWidth, ...options }: RobustOptions & { readonly halfWidth: number },
): { readonly filtered: readonly number[]; readonly outliers: readonly number[] } {
  if (!(Number.isInteger(halfWidth) && halfWidth >= 1)) {
    throw invalid("half width of the window", halfWidth, "a whole number, 1 or more");
  }
  const outliers: number[] = [];
  const filtered = series.map((point, index) => {
    const window = series.slice(Math.max(0, index - halfWidth), index + halfWidth + 1);
    const score = robustScore(point, window, options);
    if (!score.isAnomaly) return point;
    outliers.push(index);
    return score.median;
  });
  return { filtered, outliers };
}

export interface CusumOptions {
  /** Half the shift to be found, in standard deviations; default 0.5. */
  readonly allowance?: number;
  /** Alarm above this; 4.774 gives one false alarm in 370 points (both sides), like 3 sigma. */
  readonly threshold?: number;
}

export interface Cusum {
  readonly upper: readonly number[];
  readonly lower: readonly number[];
  /** Null when there was no alarm. */
  readonly firstAlarmIndex: number | null;
}

/** Page's cumulative sum on both sides (Biometrika 41 (1954) 100): finds slow drifts of standardised values that no single point shows. */
export function cusum(
  standardised: readonly number[],
  { allowance = 0.5, threshold = 4.774 }: CusumOptions = {},
): Cusum {
  checkSample(standardised, 0);
  if (!(allowance >= 0 && threshold > 0)) {
    throw invalid("allowance or threshold", Math.min(allowance, threshold), "0 or more, and the threshold above 0");
  }
  const upper: number[] = [];
  const lower: number[] = [];
  for (const z of standardised) {
    upper.push(Math.max(0, (upper.at(-1) ?? 0) + z - allowance));
    lower.push(Math.max(0, (lower.at(-1) ?? 0) - z - allowance));
  }
  const alarm = upper.findIndex((sum, index) => sum > threshold || (lower[index] ?? 0) > threshold);
  return { upper, lower, firstAlarmIndex: alarm === -1 ? null : alarm };
}

/** With a spread of 0 any step would be infinitely far: the floor says how small a step is nothing. */
function scored(distance: number, spread: number, threshold: number, floor: number): PointScore {
  const scale = Math.max(spread, floor);
  if (scale === 0) {
    const isAnomaly = distance !== 0;
    return { z: isAnomaly ? Math.sign(distance) * Number.MAX_VALUE : 0, threshold, isAnomaly };
  }
  const z = distance / scale;
  return { z, threshold, isAnomaly: Math.abs(z) > threshold };
}

function spreadFloor(centre: number, { smallestSpread }: Pick<SpikeOptions, "smallestSpread">): number {
  if (smallestSpread === undefined) return 1e-3 * Math.abs(centre);
  if (smallestSpread >= 0) return smallestSpread;
  throw invalid("smallest spread", smallestSpread, "0 or more");
}

function checkBaseline(count: number): void {
  if (Number.isInteger(count) && count >= 2) return;
  throw invalid("number of points", count, "a whole number, 2 or more");
}

function invalid(what: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${what} is ${value}, but must be ${allowed}.`);
}
