import { CarbonOpsError } from "../errors.ts";

/**
 * Standard uncertainty of a sum whose terms have correlated errors (JCGM 100, 5.2.2): u^2 = sum_ij a_i a_j r_ij, where a_i is the
 * signed standard uncertainty that term i contributes.
 */

/** Every pair correlated by the same rho, in O(n). Throws INPUT_INVALID when rho is no such correlation: below -1/(n-1), or above 1. */
export function equicorrelatedSum(contributions: readonly number[], rho: number): number {
  const lowest = contributions.length > 1 ? -1 / (contributions.length - 1) : -1;
  if (!(rho >= lowest && rho <= 1)) {
    throw invalid(`The correlation of every pair is ${rho}, but for ${contributions.length} terms must be`, lowest);
  }
  let sum = 0;
  let squares = 0;
  for (const contribution of contributions) {
    sum += contribution;
    squares += contribution * contribution;
  }
  return rootOf((1 - rho) * squares + rho * sum * sum);
}

/**
 * Errors of a first-order autoregressive process: correlation rho^(time between). O(n): the variance gains a^2 + 2 a R for every
 * term, where R is what the terms before still have in common with it.
 *
 * @param gaps time from each term to the next in the unit of rho, one less than terms; 1 each where absent
 */
export function autoregressiveSum(contributions: readonly number[], rho: number, gaps?: readonly number[]): number {
  if (!(rho >= -1 && rho <= 1)) throw invalid(`The autocorrelation is ${rho}, but must be`, -1);
  if (gaps !== undefined) checkGaps(gaps, contributions.length, rho);
  let variance = 0;
  let carried = 0;
  contributions.forEach((contribution, index) => {
    variance += contribution * (contribution + 2 * carried);
    carried = rho ** (gaps?.[index] ?? 1) * (carried + contribution);
  });
  return rootOf(variance);
}

/** Any correlation matrix, or covariance matrix with contributions that are sensitivities. Throws INPUT_INVALID when it does not fit. */
export function matrixSum(contributions: readonly number[], correlation: readonly (readonly number[])[]): number {
  const count = contributions.length;
  if (correlation.length !== count || correlation.some((row) => row.length !== count)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `The correlation matrix must have ${count} rows and columns, like the sum.`,
    );
  }
  let variance = 0;
  let size = 0;
  correlation.forEach((row, i) => {
    row.forEach((coefficient, j) => {
      if (coefficient !== correlation[j]?.[i]) {
        throw new CarbonOpsError("INPUT_INVALID", `The correlation matrix is not symmetric at row ${i}, column ${j}.`);
      }
      const term = (contributions[i] ?? 0) * (contributions[j] ?? 0) * coefficient;
      variance += term;
      size += Math.abs(term);
    });
  });
  if (variance < -1e-12 * size) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      "The correlation matrix gives a variance below 0: no errors correlate so.",
    );
  }
  return rootOf(variance);
}

/** How many independent terms would average as well as n equal ones of a first-order autoregressive process. */
export function effectiveCount(count: number, rho: number): number {
  const sum = autoregressiveSum(new Array<number>(count).fill(1), rho);
  return (count * count) / (sum * sum);
}

/** A variance that rounding put below 0 is 0. */
function rootOf(variance: number): number {
  return Math.sqrt(Math.max(0, variance));
}

function checkGaps(gaps: readonly number[], count: number, rho: number): void {
  if (gaps.length !== Math.max(0, count - 1)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `There are ${gaps.length} gaps between ${count} terms; there must be one less than terms.`,
    );
  }
  const bad = gaps.find((gap) => !(gap >= 0));
  if (bad !== undefined)
    throw new CarbonOpsError("INPUT_INVALID", `A gap between terms is ${bad}, but must be 0 or more.`);
  if (rho < 0 && gaps.some((gap) => !Number.isInteger(gap))) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `The autocorrelation is ${rho}: below 0 it needs gaps that are whole numbers.`,
    );
  }
}

function invalid(beginning: string, lowest: number): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `${beginning} a number from ${lowest} to 1.`);
}
