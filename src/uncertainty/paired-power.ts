import { CarbonOpsError } from "../errors.ts";
import { increasingRoot } from "./bracketing-root.ts";
import { normalQuantile } from "./normal.ts";
import { type PairedError, pairedUncertainty } from "./paired-samples.ts";
import { noncentralTCdf, studentTQuantile } from "./student-t.ts";

/** How many pairs of runs a paired comparison needs: exact for normal differences, by the non-central t. */

export interface PairedPlan {
  /** Probability of a false alarm, on both sides together; default 0.05. */
  readonly alpha?: number;
  /** Probability of seeing the effect; default 0.8. */
  readonly power?: number;
}

const maximumCount = 1e6;

/** The probability that n pairs show an effect of that size. Throws INPUT_INVALID outside the ranges. */
export function pairedTPower(effect: number, error: PairedError, alpha = 0.05): number {
  checkPlan(alpha, (1 + alpha) / 2);
  const { deviation, count, systematic } = error;
  if (!(Number.isInteger(count) && count >= 2)) throw invalid("number of pairs", count, "a whole number, 2 or more");
  checkDeviation(deviation, systematic);
  if (!Number.isFinite(effect)) throw invalid("effect", effect, "a finite number");
  return powerOf(effect, error, alpha);
}

export interface PairedSizeQuestion extends PairedPlan {
  /** Difference to be seen, in the unit of the deviation; not 0. For logarithms, 5 % are ln 1.05. */
  readonly effect: number;
  readonly deviation: number;
  readonly systematic?: number;
}

/** The smallest number of pairs that shows the effect with that power; null where none does, or more than a million would be needed. */
export function pairedSampleSize(question: PairedSizeQuestion): number | null {
  const { effect, deviation, systematic = 0, alpha = 0.05, power = 0.8 } = question;
  checkQuestion(question);
  const variance = (effect / (normalQuantile(1 - alpha / 2) + normalQuantile(power))) ** 2 - systematic ** 2;
  const approximation = deviation ** 2 / variance;
  if (!(variance > 0) || approximation > maximumCount) return null;
  const isEnough = (count: number): boolean => powerOf(effect, { deviation, count, systematic }, alpha) >= power;
  let count = Math.max(2, Math.ceil(approximation));
  while (count > 2 && isEnough(count - 1)) count -= 1;
  while (!isEnough(count)) count += 1;
  return count;
}

/**
 * The same where the deviation itself comes from a few pilot pairs, and may well be larger: this many new pairs show the effect with that
 * power on average over what such a pilot can say. With r the pilot's deviation over the true one and n = (c deviation / effect)^2, they see
 * it where Z + z < c r; (Z + z) / r has the non-central t distribution, whose quantile is c (an argument as in C. Stein, Ann. Math. Stat.
 * 16 (1945) 243, for a test that takes its deviation from the new pairs).
 */
export function sampleSizeFromPilot(question: PairedSizeQuestion & { readonly pilotCount: number }): number | null {
  const { deviation, alpha = 0.05, power = 0.8, pilotCount } = question;
  checkQuestion(question);
  if (!(Number.isInteger(pilotCount) && pilotCount >= 2)) {
    throw invalid("number of pilot pairs", pilotCount, "a whole number, 2 or more");
  }
  const critical = normalQuantile(1 - alpha / 2);
  const asKnown = critical + normalQuantile(power);
  const inflated = increasingRoot((c) => noncentralTCdf(c, pilotCount - 1, critical) - power, asKnown, 0.5);
  return pairedSampleSize({ ...question, deviation: (deviation * Math.max(asKnown, inflated)) / asKnown });
}

/** The smallest effect that n pairs show with that power. */
export function pairedDetectableEffect(error: PairedError, { alpha = 0.05, power = 0.8 }: PairedPlan = {}): number {
  checkPlan(alpha, power);
  pairedTPower(0, error, alpha);
  const { standardUncertainty } = pairedUncertainty(error);
  const inUnits = increasingRoot(
    (size) => powerOf(Math.max(0, size) * standardUncertainty, error, alpha) - power,
    3,
    1,
  );
  return inUnits * standardUncertainty;
}

function powerOf(effect: number, error: PairedError, alpha: number): number {
  const { standardUncertainty, degreesOfFreedom } = pairedUncertainty(error);
  const critical = studentTQuantile(1 - alpha / 2, degreesOfFreedom);
  const noncentrality = effect / standardUncertainty;
  return (
    noncentralTCdf(-critical, degreesOfFreedom, -noncentrality) +
    noncentralTCdf(-critical, degreesOfFreedom, noncentrality)
  );
}

function checkQuestion({ effect, deviation, systematic = 0, alpha = 0.05, power = 0.8 }: PairedSizeQuestion): void {
  checkPlan(alpha, power);
  checkDeviation(deviation, systematic);
  if (!(Math.abs(effect) > 0 && Number.isFinite(effect))) throw invalid("effect", effect, "finite and not 0");
}

function checkPlan(alpha: number, power: number): void {
  if (!(alpha > 0 && alpha < 1)) throw invalid("alpha", alpha, "a number between 0 and 1");
  if (!(power > alpha && power < 1)) throw invalid("power", power, `between alpha (${alpha}) and 1`);
}

function checkDeviation(deviation: number, systematic: number): void {
  if (!(deviation > 0 && Number.isFinite(deviation))) throw invalid("deviation", deviation, "finite and above 0");
  if (!(systematic >= 0 && Number.isFinite(systematic))) {
    throw invalid("systematic part", systematic, "a number from 0 up");
  }
}

function invalid(what: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${what} is ${value}, but must be ${allowed}.`);
}
