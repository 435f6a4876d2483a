import { CarbonOpsError } from "../errors.ts";
import { checkSample, sampleMoments } from "./sample.ts";
import { studentTQuantile } from "./student-t.ts";

export interface ExtremeDeviateOptions {
  /** Probability that a normal sample without outliers has any named; default 0.05. */
  readonly falseAlarmProbability?: number;
  /** How many outliers there may be; default a fifth of the sample, and at least one. */
  readonly atMost?: number;
}

/** Below this the test says next to nothing. */
const fewestValues = 5;

/**
 * Which values of a nearly normal sample are outliers, as indices, the farthest first: the generalised extreme Studentised deviate test
 * (B. Rosner, Technometrics 25 (1983) 165). Looking for several at once, it is not blinded when two hide each other. None for fewer than
 * five values. Throws INPUT_INVALID outside the ranges.
 */
export function extremeDeviates(
  values: readonly number[],
  { falseAlarmProbability = 0.05, atMost }: ExtremeDeviateOptions = {},
): readonly number[] {
  checkSample(values, 1);
  if (!(falseAlarmProbability > 0 && falseAlarmProbability < 1)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `The probability of a false alarm is ${falseAlarmProbability}, but must be a number between 0 and 1.`,
    );
  }
  const count = values.length;
  if (count < fewestValues) return [];
  const removed: number[] = [];
  let outlierCount = 0;
  const most = Math.min(atMost ?? Math.max(1, Math.floor(count / 5)), count - 3);
  for (let step = 1; step <= most; step += 1) {
    const kept = values.map((value, index) => ({ value, index })).filter(({ index }) => !removed.includes(index));
    const { mean, variance } = sampleMoments(kept.map(({ value }) => value));
    if (variance === 0) break;
    const farthest = kept.reduce((far, next) =>
      Math.abs(next.value - mean) > Math.abs(far.value - mean) ? next : far,
    );
    removed.push(farthest.index);
    const deviate = Math.abs(farthest.value - mean) / Math.sqrt(variance);
    if (deviate > criticalDeviate(kept.length, falseAlarmProbability)) outlierCount = step;
  }
  return removed.slice(0, outlierCount);
}

/** Rosner's lambda for the farthest of n values. */
function criticalDeviate(count: number, falseAlarmProbability: number): number {
  const t = studentTQuantile(1 - falseAlarmProbability / (2 * count), count - 2);
  return ((count - 1) * t) / Math.sqrt((count - 2 + t * t) * count);
}
