import { CarbonOpsError } from "../errors.ts";

/** When a Monte Carlo result is steady enough, and when a closed form agrees with it (JCGM 101, 7.9 and 8). */

/**
 * JCGM 101, 7.9.2: with u written as c 10^l, c a whole number of 1 or 2 digits, half a unit of the last digit: 10^l / 2.
 * 0 when u is 0. Throws INPUT_INVALID for another number of digits or a u below 0.
 */
export function numericalTolerance(standardUncertainty: number, significantDigits: number): number {
  if (significantDigits !== 1 && significantDigits !== 2) {
    throw new CarbonOpsError("INPUT_INVALID", `Significant digits are 1 or 2, not ${significantDigits}.`);
  }
  if (!(standardUncertainty >= 0 && Number.isFinite(standardUncertainty))) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `A standard uncertainty is a number from 0 up, not ${standardUncertainty}.`,
    );
  }
  if (standardUncertainty === 0) return 0;
  // The decimal notation rounds as a person would, 9.96 to 10 included, and names the exponent.
  const exponent = Number(standardUncertainty.toExponential(significantDigits - 1).split("e")[1]);
  return Number(`5e${exponent - significantDigits}`);
}

export interface BlockStability {
  readonly mean: number;
  /** Standard deviation of the mean of the blocks. */
  readonly standardError: number;
  /** 2 standard errors are below the tolerance. */
  readonly isStable: boolean;
}

/** JCGM 101, 7.9.4: how steady one result is over blocks of trials, at least two of them. */
export function blockStability(blockValues: readonly number[], tolerance: number): BlockStability {
  const count = blockValues.length;
  const mean = blockValues.reduce((sum, value) => sum + value, 0) / count;
  const squares = blockValues.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const standardError = Math.sqrt(squares / (count * (count - 1)));
  return { mean, standardError, isStable: 2 * standardError < tolerance };
}

interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/** JCGM 101, 8.1: a closed form is validated when both ends of its interval are within the tolerance of the Monte Carlo ones. */
export function isValidatedBy(closedForm: Interval, monteCarlo: Interval, tolerance: number): boolean {
  return (
    Math.abs(closedForm.lower - monteCarlo.lower) <= tolerance &&
    Math.abs(closedForm.upper - monteCarlo.upper) <= tolerance
  );
}
