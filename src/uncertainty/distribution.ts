import { CarbonOpsError } from "../errors.ts";
import { increasingRoot } from "./bracketing-root.ts";
import { gammaQuantile } from "./incomplete-gamma.ts";
import { normalQuantile } from "./normal.ts";
import { portableExp, portableLog, portableSinOfHalfTurns } from "./portable-math.ts";
import { studentTQuantile } from "./student-t.ts";
import { truncatedNormal } from "./truncated-normal.ts";

/** What is known about one quantity (JCGM 101, 6.4). Every parameter is in the unit of the quantity unless it is named otherwise. */
export type Distribution =
  | { readonly kind: "exact"; readonly value: number }
  | { readonly kind: "normal"; readonly mean: number; readonly standardDeviation: number }
  /** The parent's mean and standard deviation; values below `low` (default 0) are cut off. */
  | {
      readonly kind: "truncated_normal";
      readonly parentMean: number;
      readonly parentSigma: number;
      readonly low?: number;
    }
  /** shift + exp(lnMedian + lnSigma z); the shift is 0 unless given. */
  | { readonly kind: "lognormal"; readonly lnMedian: number; readonly lnSigma: number }
  | { readonly kind: "shifted_lognormal"; readonly shift: number; readonly lnMedian: number; readonly lnSigma: number }
  | { readonly kind: "rectangular"; readonly low: number; readonly high: number }
  | { readonly kind: "triangular"; readonly low: number; readonly mode: number; readonly high: number }
  /** Symmetrical; the top is `topFraction` of the base, from 0 (triangle) to 1 (rectangle). */
  | { readonly kind: "trapezoidal"; readonly low: number; readonly high: number; readonly topFraction: number }
  /** A rectangle whose ends are known to within +-limitHalfWidth (JCGM 101, 6.4.3). */
  | {
      readonly kind: "curvilinear_trapezoid";
      readonly low: number;
      readonly high: number;
      readonly limitHalfWidth: number;
    }
  /** U-shaped: what a sine of unknown phase takes (JCGM 101, 6.4.6). */
  | { readonly kind: "arcsine"; readonly low: number; readonly high: number }
  /** location + scale t. The scale is not the standard deviation, which is scale sqrt(nu / (nu - 2)). */
  | {
      readonly kind: "student_t";
      readonly location: number;
      readonly scale: number;
      readonly degreesOfFreedom: number;
    }
  | { readonly kind: "gamma"; readonly shape: number; readonly scale: number }
  | { readonly kind: "exponential"; readonly mean: number };

export interface Moments {
  readonly mean: number;
  /** Infinity (or NaN, with the mean) where the distribution has none. */
  readonly standardDeviation: number;
}

/** Mean and standard deviation. Throws INPUT_INVALID for parameters outside their ranges. */
export function momentsOf(distribution: Distribution): Moments {
  checkDistribution(distribution);
  switch (distribution.kind) {
    case "exact":
      return { mean: distribution.value, standardDeviation: 0 };
    case "normal":
      return { mean: distribution.mean, standardDeviation: distribution.standardDeviation };
    case "truncated_normal":
      return truncatedMoments(distribution);
    case "lognormal":
      return lognormalMoments(0, distribution);
    case "shifted_lognormal":
      return lognormalMoments(distribution.shift, distribution);
    case "triangular":
      return triangularMoments(distribution);
    case "student_t":
      return studentMoments(distribution);
    case "gamma":
      return {
        mean: distribution.shape * distribution.scale,
        standardDeviation: Math.sqrt(distribution.shape) * distribution.scale,
      };
    case "exponential":
      return { mean: distribution.mean, standardDeviation: distribution.mean };
    case "rectangular":
    case "trapezoidal":
    case "curvilinear_trapezoid":
    case "arcsine":
      return symmetricMoments(distribution);
  }
}

type OfKind<Kind extends Distribution["kind"]> = Extract<Distribution, { readonly kind: Kind }>;
type Symmetric = OfKind<"rectangular" | "trapezoidal" | "curvilinear_trapezoid" | "arcsine">;

/** Bounded and symmetrical about the middle: half-width times a constant (JCGM 101, 6.4.2 to 6.4.6). */
function symmetricMoments(distribution: Symmetric): Moments {
  const { low, high } = distribution;
  const halfWidth = (high - low) / 2;
  const mean = low + halfWidth;
  switch (distribution.kind) {
    case "rectangular":
      return { mean, standardDeviation: halfWidth / Math.sqrt(3) };
    case "trapezoidal":
      return { mean, standardDeviation: halfWidth * Math.sqrt((1 + distribution.topFraction ** 2) / 6) };
    case "curvilinear_trapezoid":
      return { mean, standardDeviation: Math.sqrt(halfWidth ** 2 / 3 + distribution.limitHalfWidth ** 2 / 9) };
    case "arcsine":
      return { mean, standardDeviation: halfWidth / Math.SQRT2 };
  }
}

function truncatedMoments({ parentMean, parentSigma, low = 0 }: OfKind<"truncated_normal">): Moments {
  const { mean, standardDeviation } = truncatedNormal(parentMean - low, parentSigma);
  return { mean: mean + low, standardDeviation };
}

function lognormalMoments(shift: number, { lnMedian, lnSigma }: { lnMedian: number; lnSigma: number }): Moments {
  const mean = Math.exp(lnMedian + (lnSigma * lnSigma) / 2);
  return { mean: shift + mean, standardDeviation: mean * Math.sqrt(Math.expm1(lnSigma * lnSigma)) };
}

function triangularMoments({ low, mode, high }: OfKind<"triangular">): Moments {
  const [left, right] = [mode - low, high - mode];
  return {
    mean: (low + mode + high) / 3,
    standardDeviation: Math.sqrt((left * left + left * right + right * right) / 18),
  };
}

function studentMoments({ location, scale, degreesOfFreedom: nu }: OfKind<"student_t">): Moments {
  const mean = nu > 1 ? location : Number.NaN;
  if (nu === Number.POSITIVE_INFINITY) return { mean, standardDeviation: scale };
  return { mean, standardDeviation: nu > 2 ? scale * Math.sqrt(nu / (nu - 2)) : Number.POSITIVE_INFINITY };
}

/** x with P(X <= x) = p, for p in (0, 1). Where it has a closed form it is computed from portable functions only. */
export function quantileFunction(distribution: Distribution): (p: number) => number {
  checkDistribution(distribution);
  switch (distribution.kind) {
    case "exact":
      return () => distribution.value;
    case "normal":
      return (p) => distribution.mean + distribution.standardDeviation * normalQuantile(p);
    case "truncated_normal":
      return truncatedQuantile(distribution);
    case "lognormal":
      return (p) => portableExp(distribution.lnMedian + distribution.lnSigma * normalQuantile(p));
    case "shifted_lognormal":
      return (p) => distribution.shift + portableExp(distribution.lnMedian + distribution.lnSigma * normalQuantile(p));
    case "rectangular":
      return (p) => distribution.low + (distribution.high - distribution.low) * p;
    case "triangular":
      return triangularQuantile(distribution);
    case "trapezoidal":
      return trapezoidalQuantile(distribution);
    case "curvilinear_trapezoid":
      return curvilinearQuantile(distribution);
    case "arcsine":
      return (p) =>
        (distribution.low + distribution.high) / 2 +
        ((distribution.high - distribution.low) / 2) * portableSinOfHalfTurns(p - 0.5);
    case "student_t":
      return (p) => distribution.location + distribution.scale * studentTQuantile(p, distribution.degreesOfFreedom);
    case "gamma":
      return (p) => distribution.scale * gammaQuantile(distribution.shape, p);
    case "exponential":
      return (p) => -distribution.mean * portableLog(1 - p);
  }
}

function truncatedQuantile({ parentMean, parentSigma, low = 0 }: OfKind<"truncated_normal">): (p: number) => number {
  const truncated = truncatedNormal(parentMean - low, parentSigma);
  return (p) => low + truncated.quantile(p);
}

function triangularQuantile({ low, mode, high }: OfKind<"triangular">): (p: number) => number {
  const base = high - low;
  const atMode = (mode - low) / base;
  return (p) =>
    p <= atMode ? low + Math.sqrt(p * base * (mode - low)) : high - Math.sqrt((1 - p) * base * (high - mode));
}

function trapezoidalQuantile({ low, high, topFraction }: OfKind<"trapezoidal">): (p: number) => number {
  const half = (high - low) / 2;
  // Probability of one sloping side, and its width.
  const side = (1 - topFraction) / (1 + topFraction) / 2;
  const slope = half * (1 - topFraction);
  const fromEnd = (p: number): number =>
    p < side ? slope * Math.sqrt(p / side) : slope + (p - side) * half * (1 + topFraction);
  return (p) => (p <= 0.5 ? low + fromEnd(p) : high - fromEnd(1 - p));
}

function curvilinearQuantile({ low, high, limitHalfWidth }: OfKind<"curvilinear_trapezoid">): (p: number) => number {
  const half = (high - low) / 2;
  const centre = low + half;
  const reach = half + limitHalfWidth;
  if (limitHalfWidth === 0) return (p) => low + 2 * half * p;
  // P(X > centre + h), h beyond the flat top: the mean of (1 - h/w)/2 over half-widths w from h to the largest.
  const upperTail = (h: number): number => {
    const from = Math.max(h, half - limitHalfWidth);
    const logarithm = from > 0 ? h * Math.log(reach / from) : 0;
    return (reach - from - logarithm) / (4 * limitHalfWidth);
  };
  const distance = (tail: number): number =>
    increasingRoot((h) => tail - tailWithin(h, reach, upperTail), reach / 2, reach / 2);
  return (p) => (p <= 0.5 ? centre - distance(p) : centre + distance(1 - p));
}

function tailWithin(h: number, reach: number, upperTail: (h: number) => number): number {
  if (h >= reach) return reach - h - Number.MIN_VALUE;
  return h <= 0 ? 0.5 - h : upperTail(h);
}

/** Throws INPUT_INVALID for parameters outside their ranges. */
export function checkDistribution(distribution: Distribution): void {
  for (const [name, value] of Object.entries(distribution)) {
    if (typeof value !== "number") continue;
    const mayBeInfinite = name === "degreesOfFreedom" && value === Number.POSITIVE_INFINITY;
    if (!Number.isFinite(value) && !mayBeInfinite) throw invalid(distribution, name, value, "a finite number");
    if (neverNegative.has(name) && value < 0) throw invalid(distribution, name, value, "0 or more");
    if (alwaysPositive.has(name) && value <= 0) throw invalid(distribution, name, value, "above 0");
  }
  if ("high" in distribution && distribution.high < distribution.low) {
    throw invalid(distribution, "high", distribution.high, "at least low");
  }
  checkShape(distribution);
}

function checkShape(distribution: Distribution): void {
  if (distribution.kind === "exponential" && distribution.mean < 0) {
    throw invalid(distribution, "mean", distribution.mean, "0 or more");
  }
  if (
    distribution.kind === "triangular" &&
    (distribution.mode < distribution.low || distribution.mode > distribution.high)
  ) {
    throw invalid(distribution, "mode", distribution.mode, "between low and high");
  }
  if (distribution.kind === "trapezoidal" && distribution.topFraction > 1) {
    throw invalid(distribution, "topFraction", distribution.topFraction, "at most 1");
  }
  if (distribution.kind === "curvilinear_trapezoid") {
    const half = (distribution.high - distribution.low) / 2;
    if (distribution.limitHalfWidth > half) {
      throw invalid(distribution, "limitHalfWidth", distribution.limitHalfWidth, "at most half of high - low");
    }
  }
}

const neverNegative = new Set(["standardDeviation", "lnSigma", "topFraction", "limitHalfWidth"]);
const alwaysPositive = new Set(["parentSigma", "scale", "shape", "degreesOfFreedom"]);

function invalid({ kind }: Distribution, name: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError(
    "INPUT_INVALID",
    `The ${name} of a ${kind} distribution is ${value}, but must be ${allowed}.`,
  );
}
