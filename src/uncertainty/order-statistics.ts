import { CarbonOpsError } from "../errors.ts";

/** Coverage intervals from a sample by its order statistics (JCGM 101, 7.7), found by selection: only the tails are ever sorted. */

export type SampleIntervalKind = "symmetric" | "shortest" | "upper_limit";

export interface SampleInterval {
  readonly lower: number;
  readonly upper: number;
  readonly kind: SampleIntervalKind;
  readonly level: number;
}

/**
 * The interval that holds q = level M of the M values: [y_(r), y_(r+q)]. Symmetric leaves as many values below as above;
 * shortest takes the first r with the smallest width; the upper limit is [0, y_(q)], for quantities that cannot be below 0.
 *
 * The values are reordered in place. Throws INPUT_INVALID when there are too few values for the level.
 */
export function coverageInterval(values: Float64Array, level: number, kind: SampleIntervalKind): SampleInterval {
  const count = values.length;
  const held = heldCount(count, level);
  if (kind === "upper_limit") return { lower: 0, upper: selected(values, held), kind, level };
  if (held >= count) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `An interval at level ${level} needs more than ${count} values; use at least ${Math.ceil(2 / (1 - level))}.`,
    );
  }
  if (kind === "shortest") return { ...shortest(values, held), kind, level };
  const below = Math.floor((count - held + 1) / 2);
  const lower = selected(values, below);
  return { lower, upper: selected(values, below + held, below - 1), kind, level };
}

/** q of JCGM 101, 7.7.2: level M, rounded to the nearest whole number. */
export function heldCount(count: number, level: number): number {
  return Math.floor(level * count + 0.5);
}

function shortest(values: Float64Array, held: number): { readonly lower: number; readonly upper: number } {
  const count = values.length;
  const spare = count - held;
  // y_(r) and y_(r+q) for r = 1 … M-q are the spare lowest and the spare highest values.
  if (2 * spare < count) {
    select(values, spare - 1, 0, count - 1);
    select(values, held, spare, count - 1);
    values.subarray(0, spare).sort();
    values.subarray(held).sort();
  } else {
    values.sort();
  }
  let best = 0;
  let width = Number.POSITIVE_INFINITY;
  for (let r = 0; r < spare; r += 1) {
    const candidate = (values[r + held] ?? 0) - (values[r] ?? 0);
    if (candidate < width) [best, width] = [r, candidate];
  }
  return { lower: values[best] ?? 0, upper: values[best + held] ?? 0 };
}

/** The rank-th smallest value (from 1), known to lie between two indices. */
export function selected(values: Float64Array, rank: number, from = 0, to = values.length - 1): number {
  select(values, rank - 1, from, to);
  return values[rank - 1] ?? 0;
}

/** What another sample of the same size would change about a quantile, and the median. */
export interface SampleSummary {
  readonly median: number;
  readonly lowerError: number;
  readonly upperError: number;
}

/** Median, and the standard errors of two quantiles below and above it. The values are reordered in place. */
export function summarised(values: Float64Array, below: number, above: number): SampleSummary {
  const count = values.length;
  const middle = Math.floor(count / 2);
  const upperMiddle = selected(values, middle + 1);
  const median = count % 2 === 1 ? upperMiddle : (selected(values, middle, 0, middle) + upperMiddle) / 2;
  // Each selection is made in what the one before has left on its side.
  const [lowFrom, lowTo] = ranksAround(count, below);
  const lowerEnd = selected(values, lowTo, 0, middle);
  const lowerStart = selected(values, lowFrom, 0, lowTo - 1);
  const [highFrom, highTo] = ranksAround(count, above);
  const upperStart = selected(values, highFrom, middle);
  const upperEnd = selected(values, highTo, highFrom - 1);
  return { median, lowerError: (lowerEnd - lowerStart) / 2, upperError: (upperEnd - upperStart) / 2 };
}

/** The order statistics one binomial standard deviation on either side of a quantile. */
function ranksAround(count: number, p: number): readonly [number, number] {
  const deviation = Math.sqrt(count * p * (1 - p));
  return [Math.max(1, Math.round(count * p - deviation)), Math.min(count, Math.round(count * p + deviation))];
}

/**
 * Reorders values[left … right] so that the one that belongs at index k stands there, none larger before it and none smaller
 * after it (R. W. Floyd and R. L. Rivest, CACM 18 (1975) 173: algorithm 489).
 */
function select(values: Float64Array, k: number, from: number, to: number): void {
  let left = from;
  let right = to;
  while (right > left) {
    if (right - left > 600) selectAround(values, k, left, right);
    [left, right] = partitioned(values, k, left, right);
  }
}

/** Brings a value close to the wanted one to index k, by selecting in a sample of n^(2/3) around it. */
function selectAround(values: Float64Array, k: number, left: number, right: number): void {
  const n = right - left + 1;
  const i = k - left + 1;
  const z = Math.log(n);
  const s = 0.5 * Math.exp((2 * z) / 3);
  const deviation = 0.5 * Math.sqrt((z * s * (n - s)) / n) * (i < n / 2 ? -1 : 1);
  const low = Math.max(left, Math.floor(k - (i * s) / n + deviation));
  const high = Math.min(right, Math.floor(k + ((n - i) * s) / n + deviation));
  select(values, k, low, high);
}

/** One pass about values[k]; returns the part in which index k is still to be found. */
function partitioned(values: Float64Array, k: number, left: number, right: number): readonly [number, number] {
  const pivot = values[k] ?? 0;
  let i = left;
  let j = right;
  while (i <= j) {
    while ((values[i] ?? 0) < pivot) i += 1;
    while ((values[j] ?? 0) > pivot) j -= 1;
    if (i > j) break;
    const held = values[i] ?? 0;
    values[i] = values[j] ?? 0;
    values[j] = held;
    i += 1;
    j -= 1;
  }
  if (k <= j) return [left, j];
  return k >= i ? [i, right] : [k, k];
}
