import { checkFinite, checkPositive } from "./checked-parameter.ts";
import { erfcx } from "./error-function.ts";
import { normalDensity, normalHazard, normalMills, normalQuantile, normalUpperTail } from "./normal.ts";
import { portableExp } from "./portable-math.ts";

/** A probability and a density that are being added up over the nodes of a quadrature. */
export interface ProbabilitySum {
  probability: number;
  density: number;
}

/**
 * A normal distribution truncated to values above 0: what is known about a difference that physics bounds at zero.
 *
 * With alpha = -mean/sigma of the parent, everything is written in d = z - alpha, the distance above the bound in units of
 * sigma, so that no digits are lost when the parent lies far below zero (alpha large) and the result is nearly exponential.
 */
export interface TruncatedNormal {
  /** Mean and standard deviation of the normal distribution before truncation. */
  readonly parentMean: number;
  readonly parentSigma: number;
  /** Probability that the parent gave to values below 0. */
  readonly massBelowZero: number;
  /** Natural logarithm of the probability that the parent gave to values above 0: a number also where that underflows. */
  readonly logMassAboveZero: number;
  /** The most probable value. */
  readonly mode: number;
  readonly mean: number;
  readonly standardDeviation: number;
  density(x: number): number;
  cdf(x: number): number;
  /** Adds weight times cdf(x), and scale times density(x), to the sum: both come from one exponential. */
  addProbability(sum: ProbabilitySum, x: number, weight: number, scale: number): void;
  /** x with cdf(x) = p, for p in [0, 1]. */
  quantile(p: number): number;
  /** The shortest interval that holds a probability: about the mode, or from 0 where the mode is too near. */
  shortestInterval(level: number): readonly [number, number];
}

/**
 * Throws INPUT_INVALID for a parentMean that is not finite (negative ones are allowed), and for a parentSigma that is not above 0: what is
 * exact has no density, and needs no distribution.
 */
export function truncatedNormal(parentMean: number, parentSigma: number): TruncatedNormal {
  checkFinite("parent mean of a truncated normal", parentMean);
  checkPositive("parent sigma of a truncated normal", parentSigma);
  const alpha = -parentMean / parentSigma;
  const { meanAboveBound, variance } = standardMoments(alpha);
  const above = normalUpperTail(alpha);
  const massBelowZero = normalUpperTail(-alpha);
  const hazard = normalHazard(alpha);
  return {
    parentMean,
    parentSigma,
    massBelowZero,
    logMassAboveZero: logUpperTail(alpha),
    mode: Math.max(0, parentMean),
    mean: meanAboveBound * parentSigma,
    standardDeviation: Math.sqrt(variance) * parentSigma,
    density: (x) => (x < 0 ? 0 : densityAbove(alpha, x / parentSigma) / parentSigma),
    cdf: (x) => (x <= 0 ? 0 : cdfAbove(alpha, x / parentSigma)),
    addProbability: (sum, x, weight, scale) => {
      if (x <= 0) return;
      const d = x / parentSigma;
      const z = alpha + d;
      if (alpha > 0) {
        const density = hazard * portableExp(-d * (alpha + d / 2));
        sum.probability += weight * (1 - density * normalMills(z));
        sum.density += (scale * density) / parentSigma;
        return;
      }
      const density = normalDensity(z);
      const outer = density * normalMills(Math.abs(z));
      sum.probability += weight * (z < 0 ? (outer - massBelowZero) / above : 1 - outer / above);
      sum.density += (scale * density) / (above * parentSigma);
    },
    quantile: (p) => quantileAbove(alpha, p) * parentSigma,
    shortestInterval: (level) => {
      const [low, high] = shortestAbove(alpha, level);
      return [low * parentSigma, high * parentSigma];
    },
  };
}

/** ln Q(alpha). */
function logUpperTail(alpha: number): number {
  if (alpha <= 0) return Math.log1p(-normalUpperTail(-alpha));
  return Math.log(erfcx(alpha / Math.SQRT2) / 2) - (alpha * alpha) / 2;
}

/** The parent's density falls on both sides of its mean, so the interval is symmetrical about it as far as the bound allows. */
function shortestAbove(alpha: number, level: number): readonly [number, number] {
  const reach = -normalQuantile((1 - level * normalUpperTail(alpha)) / 2);
  return reach <= -alpha ? [-alpha - reach, -alpha + reach] : [0, quantileAbove(alpha, level)];
}

/** From here on lambda - alpha is taken from its continued fraction: the direct difference loses digits. */
const fractionFromAlpha = 3;
const fractionTerms = 200;

interface StandardMoments {
  /** E[d] = lambda - alpha, with lambda the hazard at alpha. */
  readonly meanAboveBound: number;
  /** Var[d] = 1 - lambda (lambda - alpha). */
  readonly variance: number;
}

function standardMoments(alpha: number): StandardMoments {
  if (alpha < fractionFromAlpha) {
    const hazard = normalHazard(alpha);
    const meanAboveBound = hazard - alpha;
    return { meanAboveBound, variance: 1 - hazard * meanAboveBound };
  }
  // lambda - alpha = 1/(alpha + c) with c = 2/(alpha + 3/(alpha + ...)) (Laplace's fraction of the Mills ratio). Inserting
  // alpha = 1/m - c into 1 - (alpha + m) m leaves m (c - m): a difference of unequal numbers.
  let rest = 0;
  for (let term = fractionTerms; term >= 2; term -= 1) rest = term / (alpha + rest);
  const meanAboveBound = 1 / (alpha + rest);
  return { meanAboveBound, variance: meanAboveBound * (rest - meanAboveBound) };
}

/** ln of Q(alpha + d) / Q(alpha), for alpha > 0. */
function logTailRatio(alpha: number, d: number): number {
  const scaled = erfcx((alpha + d) / Math.SQRT2) / erfcx(alpha / Math.SQRT2);
  return Math.log(scaled) - d * (alpha + d / 2);
}

function densityAbove(alpha: number, d: number): number {
  if (alpha <= 0) return normalDensity(alpha + d) / normalUpperTail(alpha);
  return normalHazard(alpha) * Math.exp(-d * (alpha + d / 2));
}

function cdfAbove(alpha: number, d: number): number {
  if (alpha <= 0) return 1 - normalUpperTail(alpha + d) / normalUpperTail(alpha);
  return -Math.expm1(logTailRatio(alpha, d));
}

function quantileAbove(alpha: number, p: number): number {
  if (p <= 0) return 0;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  if (alpha <= 0) return Math.max(0, -normalQuantile((1 - p) * normalUpperTail(alpha)) - alpha);
  return farQuantile(alpha, p);
}

/** Newton on ln Q(alpha + d) = ln(1 - p) + ln Q(alpha): concave, hence steps from either side end on one and converge. */
function farQuantile(alpha: number, p: number): number {
  const target = Math.log1p(-p);
  let d = (-2 * target) / (alpha + Math.sqrt(alpha * alpha - 2 * target));
  for (let step = 0; step < 60; step += 1) {
    const change = (logTailRatio(alpha, d) - target) / normalHazard(alpha + d);
    d += change;
    if (Math.abs(change) <= 1e-15 * d) break;
  }
  return d;
}
