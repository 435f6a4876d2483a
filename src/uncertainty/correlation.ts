import { CarbonOpsError } from "../errors.ts";

/** The correlation of two sources, by their ids. */
export interface SourceCorrelation {
  readonly between: readonly [string, string];
  /** From -1 to 1. */
  readonly coefficient: number;
}

/** How the standard normal numbers of the correlated sources are made from independent ones: row by row, by index of source. */
export interface CorrelationFactor {
  /** Indices of the sources that are correlated with another, in the order of the rows. */
  readonly sources: readonly number[];
  /** Lower triangle; row i has i + 1 numbers. */
  readonly rows: readonly (readonly number[])[];
}

/** Pivots below this are rounding: the source is a combination of those before it. */
const smallestPivot = 1e-10;

/**
 * Cholesky's factor of the correlation matrix of those sources that are correlated at all (JCGM 101, 6.4.8 and C.5). Throws
 * INPUT_INVALID for an unknown id, a coefficient outside [-1, 1] or coefficients that no quantities can have together.
 */
export function correlationFactor(
  ids: readonly string[],
  correlations: readonly SourceCorrelation[],
): CorrelationFactor {
  const pairs = correlations.map(({ between, coefficient }) => {
    const [first, second] = between.map((id) => indexOf(ids, id));
    if (first === undefined || second === undefined || first === second)
      throw invalid("A correlation is between two sources.");
    if (!(Math.abs(coefficient) <= 1)) throw invalid(`A correlation is from -1 to 1, not ${coefficient}.`);
    return { first, second, coefficient };
  });
  const sources = [...new Set(pairs.flatMap(({ first, second }) => [first, second]))].sort((a, b) => a - b);
  const matrix = sources.map((row) => sources.map((column) => Number(row === column)));
  for (const { first, second, coefficient } of pairs) {
    const [i, j] = [sources.indexOf(first), sources.indexOf(second)];
    const [row, column] = [matrix[i], matrix[j]];
    if (row !== undefined) row[j] = coefficient;
    if (column !== undefined) column[i] = coefficient;
  }
  return { sources, rows: lowerTriangle(matrix) };
}

function indexOf(ids: readonly string[], id: string): number {
  const index = ids.indexOf(id);
  if (index < 0) throw invalid(`A correlation names the source ${JSON.stringify(id)}, which is not among the sources.`);
  return index;
}

function lowerTriangle(matrix: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const rows: number[][] = [];
  for (const [i, wanted] of matrix.entries()) {
    const row: number[] = [];
    for (let j = 0; j <= i; j += 1) {
      const other = j === i ? row : (rows[j] ?? []);
      let rest = wanted[j] ?? 0;
      for (let k = 0; k < j; k += 1) rest -= (row[k] ?? 0) * (other[k] ?? 0);
      row.push(j === i ? pivot(rest) : quotient(rest, other[j] ?? 0));
    }
    rows.push(row);
  }
  return rows;
}

function pivot(rest: number): number {
  if (rest < -smallestPivot) throw contradiction();
  return rest < smallestPivot ? 0 : Math.sqrt(rest);
}

function quotient(rest: number, divisor: number): number {
  if (divisor > 0) return rest / divisor;
  if (Math.abs(rest) > Math.sqrt(smallestPivot)) throw contradiction();
  return 0;
}

function contradiction(): CarbonOpsError {
  return invalid("The correlations contradict each other: no quantities can have them together.");
}

function invalid(message: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", message);
}
