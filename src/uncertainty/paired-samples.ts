import { CarbonOpsError } from "../errors.ts";
import { sampleMoments } from "./sample.ts";
import { studentTQuantile, studentTTwoSidedTail } from "./student-t.ts";
import { logarithmsOf } from "./two-samples.ts";

/** What is known of the mean of n paired differences. */
export interface PairedError {
  /** Standard deviation of one difference, above 0. */
  readonly deviation: number;
  readonly count: number;
  /** Standard uncertainty of the difference that more pairs do not make smaller; 0 or more. */
  readonly systematic: number;
}

/** Standard uncertainty of the mean, and what its t distribution has for degrees of freedom. */
export function pairedUncertainty({ deviation, count, systematic }: PairedError): {
  readonly standardUncertainty: number;
  readonly degreesOfFreedom: number;
} {
  const fromScatter = deviation / Math.sqrt(count);
  const standardUncertainty = Math.hypot(fromScatter, systematic);
  // Welch and Satterthwaite's formula (JCGM 100, G.4.1); the systematic part is taken as known.
  return { standardUncertainty, degreesOfFreedom: (count - 1) * (standardUncertainty / fromScatter) ** 4 };
}

/** What pairs of positive values say about the ratio a / b of their geometric means. */
export interface PairedComparison {
  readonly ratio: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  /** Two-sided: how probable so large a difference would be without one. Means what it says for ONE look at the data. */
  readonly pValue: number;
  readonly count: number;
  /** Not whole where a systematic part takes part. */
  readonly degreesOfFreedom: number;
  /** Standard deviation of ln a - ln b from pair to pair. */
  readonly deviation: number;
  /** Standard uncertainty of ln ratio, systematic part included. */
  readonly standardUncertainty: number;
}

export interface PairedOptions {
  /** Probability that the interval holds; default 0.95. */
  readonly level?: number;
  /** Standard uncertainty of ln ratio that more pairs do not make smaller; default 0. */
  readonly systematic?: number;
  /** What the deviation of a difference is at least, such as the resolution of the clocks; default 0. */
  readonly smallestDeviation?: number;
}

/**
 * Student's paired t-test on logarithms: pairs were measured close together, so that what drifts meets both alike. Errors that both
 * values of a pair share as percentages cancel. Throws INPUT_INVALID for fewer than two pairs, samples of different lengths, a value that
 * is not above 0, and differences without any scatter.
 */
export function comparePairs(
  a: readonly number[],
  b: readonly number[],
  { level = 0.95, systematic = 0, smallestDeviation = 0 }: PairedOptions = {},
): PairedComparison {
  if (!(level > 0 && level < 1)) throw invalid(`The level is ${level}, but must be a number between 0 and 1.`);
  if (!(systematic >= 0 && smallestDeviation >= 0 && Number.isFinite(systematic + smallestDeviation))) {
    throw invalid("A standard uncertainty is a number from 0 up; correct it.");
  }
  if (a.length !== b.length) {
    throw invalid(`Pairs have two values each, but the samples hold ${a.length} and ${b.length}.`);
  }
  const ofB = logarithmsOf(b);
  const { count, mean, variance } = sampleMoments(logarithmsOf(a).map((value, index) => value - (ofB[index] ?? 0)));
  const deviation = Math.max(Math.sqrt(variance), smallestDeviation);
  if (deviation === 0) {
    throw invalid(
      "The differences have no scatter, so nothing can be said about chance; measure with more digits or more runs.",
    );
  }
  const { standardUncertainty, degreesOfFreedom } = pairedUncertainty({ deviation, count, systematic });
  const reach = studentTQuantile((1 + level) / 2, degreesOfFreedom) * standardUncertainty;
  return {
    ratio: Math.exp(mean),
    lower: Math.exp(mean - reach),
    upper: Math.exp(mean + reach),
    level,
    pValue: studentTTwoSidedTail(mean / standardUncertainty, degreesOfFreedom),
    count,
    degreesOfFreedom,
    deviation,
    standardUncertainty,
  };
}

/**
 * p-values of several tests, adjusted so that the chance of even one false alarm among them all is at most alpha where those below alpha
 * are believed (S. Holm, Scand. J. Statist. 6 (1979) 65).
 */
export function holmAdjusted(pValues: readonly number[]): readonly number[] {
  const count = pValues.length;
  const adjusted = new Array<number>(count).fill(1);
  const smallestFirst = pValues.map((pValue, index) => ({ pValue, index })).sort((x, y) => x.pValue - y.pValue);
  let largest = 0;
  for (const [rank, { pValue, index }] of smallestFirst.entries()) {
    largest = Math.max(largest, Math.min(1, (count - rank) * pValue));
    adjusted[index] = largest;
  }
  return adjusted;
}

function invalid(message: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", message);
}
