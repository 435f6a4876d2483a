import { CarbonOpsError } from "../errors.ts";

/** Figures of a sample of measurements. */
export interface SampleMoments {
  readonly count: number;
  readonly mean: number;
  /** With n - 1; NaN for a single value. */
  readonly variance: number;
}

/** Throws INPUT_INVALID when there are fewer values than needed, or one is not finite. */
export function sampleMoments(values: readonly number[], minimumCount = 2): SampleMoments {
  checkSample(values, minimumCount);
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count, mean, variance: squares / (count - 1) };
}

/** Mean of the two middle values where their number is even. */
export function median(values: readonly number[]): number {
  checkSample(values, 1);
  const sorted = values.toSorted((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

export function checkSample(values: readonly number[], minimumCount: number): void {
  if (values.length < minimumCount) {
    const needed = `${minimumCount} value${minimumCount === 1 ? "" : "s"}`;
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `A sample has ${values.length} values, but at least ${needed} are needed.`,
    );
  }
  const bad = values.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new CarbonOpsError("INPUT_INVALID", `A sample holds ${bad}; all values must be finite.`);
}
