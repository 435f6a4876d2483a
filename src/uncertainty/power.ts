import { CarbonOpsError } from "../errors.ts";
import { increasingRoot } from "./bracketing-root.ts";
import { normalQuantile } from "./normal.ts";
import { noncentralTCdf, studentTQuantile } from "./student-t.ts";

/** How many runs a comparison of two groups needs. Exact for normal data, by the non-central t. */
export interface TestPlan {
  /** Probability of a false alarm; default 0.05. */
  readonly alpha?: number;
  /** Default true. One-sided means that only a positive effect counts. */
  readonly isTwoSided?: boolean;
}

export interface SampleSizeQuestion extends TestPlan {
  /** Difference over standard deviation; in logarithms about percentage over coefficient of variation. Not 0. */
  readonly effectSize: number;
  /** Probability of seeing it; default 0.8. */
  readonly power?: number;
}

export interface SampleSize {
  readonly countPerGroup: number;
  /** Power with that many runs: at least what was asked for. */
  readonly power: number;
  /** What 2 (z + z)^2 / d^2 gives: one or two too few. */
  readonly normalApproximation: number;
}

const maximumCount = 1e7;

/** Power of the two-sample t-test with n runs in each group. Throws INPUT_INVALID outside the ranges. */
export function twoSampleTPower(countPerGroup: number, effectSize: number, plan: TestPlan = {}): number {
  checkCount(countPerGroup);
  if (!Number.isFinite(effectSize)) throw invalid("effect size", effectSize, "a finite number");
  return powerOf(countPerGroup, effectSize, checkedPlan(plan));
}

/** The smallest number of runs in each group that reaches the power. Throws INPUT_INVALID when it would be above ten million. */
export function sampleSizePerGroup({ effectSize, power = 0.8, ...plan }: SampleSizeQuestion): SampleSize {
  const checked = checkedPlan(plan);
  if (!(power > 0 && power < 1)) throw invalid("power", power, "a number between 0 and 1");
  const size = checked.isTwoSided ? Math.abs(effectSize) : effectSize;
  if (!(size > 0 && Number.isFinite(size))) {
    throw invalid(
      "effect size",
      effectSize,
      checked.isTwoSided ? "a finite number other than 0" : "finite and above 0",
    );
  }
  const approximation = 2 * ((normalQuantile(1 - checked.tail) + normalQuantile(power)) / size) ** 2;
  if (approximation > maximumCount)
    throw invalid("effect size", effectSize, "large enough for ten million runs to show it");
  const normalApproximation = Math.ceil(approximation);
  let countPerGroup = Math.max(2, normalApproximation - 2);
  while (countPerGroup > 2 && powerOf(countPerGroup, size, checked) >= power) countPerGroup -= 1;
  while (powerOf(countPerGroup, size, checked) < power) countPerGroup += 1;
  return { countPerGroup, power: powerOf(countPerGroup, size, checked), normalApproximation };
}

/** The smallest difference over standard deviation that n runs in each group show with the power asked for. */
export function minimumDetectableEffect(
  countPerGroup: number,
  plan: TestPlan & { readonly power?: number } = {},
): number {
  const { power = 0.8 } = plan;
  const checked = checkedPlan(plan);
  checkCount(countPerGroup);
  if (!(power > checked.alpha && power < 1)) throw invalid("power", power, `between alpha (${checked.alpha}) and 1`);
  const start = (normalQuantile(1 - checked.tail) + normalQuantile(power)) * Math.sqrt(2 / countPerGroup);
  return increasingRoot((effect) => powerOf(countPerGroup, Math.max(0, effect), checked) - power, start, start / 2);
}

interface CheckedPlan {
  readonly alpha: number;
  readonly isTwoSided: boolean;
  /** Probability of a false alarm on the side of the effect. */
  readonly tail: number;
}

function checkedPlan({ alpha = 0.05, isTwoSided = true }: TestPlan): CheckedPlan {
  if (!(alpha > 0 && alpha < 1)) throw invalid("alpha", alpha, "a number between 0 and 1");
  return { alpha, isTwoSided, tail: isTwoSided ? alpha / 2 : alpha };
}

function powerOf(countPerGroup: number, effectSize: number, { isTwoSided, tail }: CheckedPlan): number {
  const degreesOfFreedom = 2 * countPerGroup - 2;
  const critical = studentTQuantile(1 - tail, degreesOfFreedom);
  const noncentrality = effectSize * Math.sqrt(countPerGroup / 2);
  // P(T > c) with noncentrality delta is P(T < -c) with -delta: no difference from 1 is taken.
  const above = noncentralTCdf(-critical, degreesOfFreedom, -noncentrality);
  return isTwoSided ? above + noncentralTCdf(-critical, degreesOfFreedom, noncentrality) : above;
}

function checkCount(countPerGroup: number): void {
  if (Number.isInteger(countPerGroup) && countPerGroup >= 2) return;
  throw invalid("number of runs in a group", countPerGroup, "a whole number, 2 or more");
}

function invalid(what: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${what} is ${value}, but must be ${allowed}.`);
}
