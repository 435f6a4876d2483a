import { checkLevel, checkPositive, checkSpread } from "./checked-parameter.ts";
import { normalCdf, normalQuantile } from "./normal.ts";

/** A lognormal distribution: exp(lnMedian + lnSigma z) with z standard normal. */
export interface Lognormal {
  readonly lnMedian: number;
  readonly lnSigma: number;
}

/**
 * Lognormal with a given mean above 0 and standard uncertainty, 0 (exact) or more: lnSigma^2 = ln(1 + u^2/mean^2). Means are what adds up.
 * Throws INPUT_INVALID for others.
 */
export function lognormalFromMean(mean: number, standardUncertainty: number): Lognormal {
  checkPositive("mean of a lognormal", mean);
  checkSpread("standard uncertainty of a lognormal", standardUncertainty);
  const lnSigma = lnSigmaFromRelative(standardUncertainty / mean);
  return { lnMedian: Math.log(mean) - (lnSigma * lnSigma) / 2, lnSigma };
}

/**
 * Lognormal whose equal-tailed interval at a level in (0, 1) is [low, high], 0 < low <= high: lnSigma = ln(high/low) / (2 z).
 * Throws INPUT_INVALID for others.
 */
export function lognormalFromRange(low: number, high: number, level: number): Lognormal {
  checkPositive("lower end of a lognormal's range", low);
  checkSpread("width of a lognormal's range", high - low);
  checkLevel("level of a lognormal's range", level);
  return {
    lnMedian: Math.log(low * high) / 2,
    lnSigma: Math.log(high / low) / (2 * normalQuantile((1 + level) / 2)),
  };
}

/** Log standard deviation of a lognormal whose standard deviation is `relative` times its mean. Throws INPUT_INVALID below 0. */
export function lnSigmaFromRelative(relative: number): number {
  checkSpread("relative standard uncertainty", relative);
  return Math.sqrt(Math.log1p(relative * relative));
}

/** Standard deviation over mean of a lognormal. Throws INPUT_INVALID for a lnSigma below 0. */
export function relativeFromLnSigma(lnSigma: number): number {
  checkSpread("log standard deviation", lnSigma);
  return Math.sqrt(Math.expm1(lnSigma * lnSigma));
}

export function lognormalMean({ lnMedian, lnSigma }: Lognormal): number {
  return Math.exp(lnMedian + (lnSigma * lnSigma) / 2);
}

/** P(X <= x); a step at the median when lnSigma is 0. */
export function lognormalCdf({ lnMedian, lnSigma }: Lognormal, x: number): number {
  if (x <= 0) return 0;
  const distance = Math.log(x) - lnMedian;
  if (lnSigma === 0) return distance >= 0 ? 1 : 0;
  return normalCdf(distance / lnSigma);
}

export function lognormalQuantile({ lnMedian, lnSigma }: Lognormal, p: number): number {
  return lnSigma === 0 ? Math.exp(lnMedian) : Math.exp(lnMedian + lnSigma * normalQuantile(p));
}
