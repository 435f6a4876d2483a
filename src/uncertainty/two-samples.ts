import { CarbonOpsError } from "../errors.ts";
import { checkSample, sampleMoments } from "./sample.ts";
import { studentTQuantile, studentTTwoSidedTail } from "./student-t.ts";

/** What two samples of independent runs say about the difference of their means, a - b. */
export interface MeanComparison {
  readonly difference: number;
  readonly t: number;
  /** Welch's, not whole. */
  readonly degreesOfFreedom: number;
  /** Two-sided: how probable so large a t would be without a difference. Means what it says for ONE look at the data. */
  readonly pValue: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  /** Difference over pooled standard deviation. */
  readonly cohenD: number;
  /** The same without the bias of small samples. */
  readonly hedgesG: number;
}

export interface ComparisonOptions {
  /** Probability that the interval holds; default 0.95. */
  readonly level?: number;
}

/**
 * Welch's t-test, whose variances may differ (Welch, Biometrika 34 (1947) 28), and Hedges' g (Hedges, J. Educ. Stat. 6 (1981) 107).
 * Throws INPUT_INVALID for fewer than two values in a sample, or two samples without any scatter.
 */
export function compareMeans(
  a: readonly number[],
  b: readonly number[],
  { level = 0.95 }: ComparisonOptions = {},
): MeanComparison {
  if (!(level > 0 && level < 1)) {
    throw new CarbonOpsError("INPUT_INVALID", `The level is ${level}, but must be a number between 0 and 1.`);
  }
  const [first, second] = [sampleMoments(a), sampleMoments(b)];
  const [partA, partB] = [first.variance / first.count, second.variance / second.count];
  const standardError = Math.sqrt(partA + partB);
  if (standardError === 0) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      "Neither sample has any scatter, so nothing can be said about chance; measure with more digits or more runs.",
    );
  }
  // By shares of the whole: squares of small variances would vanish.
  const [shareA, shareB] = [partA / (partA + partB), partB / (partA + partB)];
  const degreesOfFreedom = 1 / (shareA ** 2 / (first.count - 1) + shareB ** 2 / (second.count - 1));
  const difference = first.mean - second.mean;
  const t = difference / standardError;
  const reach = studentTQuantile((1 + level) / 2, degreesOfFreedom) * standardError;
  const pooledFreedom = first.count + second.count - 2;
  const pooledVariance = ((first.count - 1) * first.variance + (second.count - 1) * second.variance) / pooledFreedom;
  const cohenD = difference / Math.sqrt(pooledVariance);
  return {
    difference,
    t,
    degreesOfFreedom,
    pValue: studentTTwoSidedTail(t, degreesOfFreedom),
    lower: difference - reach,
    upper: difference + reach,
    level,
    cohenD,
    hedgesG: cohenD * (1 - 3 / (4 * pooledFreedom - 1)),
  };
}

/** What two samples of positive values say about the ratio a / b of their geometric means. */
export interface RatioComparison {
  readonly ratio: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly pValue: number;
  /** Of the logarithms. */
  readonly hedgesG: number;
  /** The test of the logarithms, from which the rest is taken. */
  readonly logarithms: MeanComparison;
}

/**
 * Energies differ by percentages, and their errors are percentages: so they are compared by their logarithms. Throws INPUT_INVALID also
 * when a value is not above 0.
 */
export function compareRatios(
  a: readonly number[],
  b: readonly number[],
  options: ComparisonOptions = {},
): RatioComparison {
  const logarithms = compareMeans(logarithmsOf(a), logarithmsOf(b), options);
  return {
    ratio: Math.exp(logarithms.difference),
    lower: Math.exp(logarithms.lower),
    upper: Math.exp(logarithms.upper),
    level: logarithms.level,
    pValue: logarithms.pValue,
    hedgesG: logarithms.hedgesG,
    logarithms,
  };
}

export function logarithmsOf(values: readonly number[]): number[] {
  checkSample(values, 2);
  const bad = values.find((value) => value <= 0);
  if (bad === undefined) return values.map(Math.log);
  throw new CarbonOpsError(
    "INPUT_INVALID",
    `A sample holds ${bad}, but a ratio needs values above 0; compare means instead.`,
  );
}
