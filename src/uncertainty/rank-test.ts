import { normalUpperTail } from "./normal.ts";
import { checkSample } from "./sample.ts";

export interface RankComparison {
  /** Pairs in which a is larger, ties counted half. */
  readonly u: number;
  /** Probability that a value of a is larger than one of b, ties counted half. */
  readonly probabilityOfSuperiority: number;
  /** Two-sided. */
  readonly pValue: number;
  /** Exact from the distribution of U; normal with corrections for ties and continuity where there are ties or many values. */
  readonly method: "exact" | "normal";
}

/** The exact distribution takes of the order of (na nb)^2 steps. */
const exactUpToPairs = 2500;

/**
 * Mann and Whitney's test (Ann. Math. Stat. 18 (1947) 50) for few runs or heavy tails: it uses ranks alone. Throws INPUT_INVALID for an
 * empty sample.
 */
export function compareRanks(a: readonly number[], b: readonly number[]): RankComparison {
  checkSample(a, 1);
  checkSample(b, 1);
  const { u, tieTerm } = rankSum(a, b);
  const pairs = a.length * b.length;
  const isExact = tieTerm === 0 && pairs <= exactUpToPairs;
  return {
    u,
    probabilityOfSuperiority: u / pairs,
    pValue: isExact ? exactPValue(u, a.length, b.length) : normalPValue(u, a.length, b.length, tieTerm),
    method: isExact ? "exact" : "normal",
  };
}

/** U of a, and the sum of t^3 - t over groups of t equal values. */
function rankSum(a: readonly number[], b: readonly number[]): { readonly u: number; readonly tieTerm: number } {
  const all = [...a.map((value) => ({ value, isA: true })), ...b.map((value) => ({ value, isA: false }))];
  all.sort((left, right) => left.value - right.value);
  let ranks = 0;
  let tieTerm = 0;
  for (let start = 0; start < all.length; ) {
    let end = start + 1;
    while (all[end]?.value === all[start]?.value) end += 1;
    const ties = end - start;
    tieTerm += ties ** 3 - ties;
    const ofA = all.slice(start, end).filter(({ isA }) => isA).length;
    ranks += (ofA * (start + 1 + end)) / 2;
    start = end;
  }
  return { u: ranks - (a.length * (a.length + 1)) / 2, tieTerm };
}

function exactPValue(u: number, countA: number, countB: number): number {
  const pairs = countA * countB;
  // Probability of each U, built up value by value: with i of a and j of b, the largest is of a with probability i / (i + j).
  let rows: Float64Array[] = Array.from({ length: countB + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= countA; i += 1) {
    const next: Float64Array[] = [Float64Array.of(1)];
    for (let j = 1; j <= countB; j += 1) {
      const largestOfA = rows[j] ?? new Float64Array();
      const largestOfB = next[j - 1] ?? new Float64Array();
      const row = new Float64Array(i * j + 1);
      for (let k = 0; k <= i * j; k += 1) {
        row[k] = (i * (largestOfA[k - j] ?? 0) + j * (largestOfB[k] ?? 0)) / (i + j);
      }
      next.push(row);
    }
    rows = next;
  }
  const extreme = Math.min(u, pairs - u);
  let tail = 0;
  for (let k = 0; k <= extreme; k += 1) tail += rows[countB]?.[k] ?? 0;
  return Math.min(1, 2 * tail);
}

function normalPValue(u: number, countA: number, countB: number, tieTerm: number): number {
  const count = countA + countB;
  const variance = ((countA * countB) / 12) * (count + 1 - tieTerm / (count * (count - 1)));
  if (variance <= 0) return 1;
  const distance = Math.max(0, Math.abs(u - (countA * countB) / 2) - 0.5);
  return 2 * normalUpperTail(distance / Math.sqrt(variance));
}
