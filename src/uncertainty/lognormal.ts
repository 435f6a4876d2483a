import { normalCdf, normalQuantile } from "./normal.ts";

/** A lognormal distribution: exp(lnMedian + lnSigma z) with z standard normal. */
export interface Lognormal {
  readonly lnMedian: number;
  readonly lnSigma: number;
}

/** Lognormal with a given mean above 0 and standard uncertainty: lnSigma^2 = ln(1 + u^2/mean^2). Means are what adds up. */
export function lognormalFromMean(mean: number, standardUncertainty: number): Lognormal {
  const lnSigma = lnSigmaFromRelative(standardUncertainty / mean);
  return { lnMedian: Math.log(mean) - (lnSigma * lnSigma) / 2, lnSigma };
}

/** Lognormal whose equal-tailed interval at a level is [low, high]: lnSigma = ln(high/low) / (2 z). */
export function lognormalFromRange(low: number, high: number, level: number): Lognormal {
  return {
    lnMedian: Math.log(low * high) / 2,
    lnSigma: Math.log(high / low) / (2 * normalQuantile((1 + level) / 2)),
  };
}

/** Log standard deviation of a lognormal whose standard deviation is `relative` times its mean. */
export function lnSigmaFromRelative(relative: number): number {
  return Math.sqrt(Math.log1p(relative * relative));
}

/** Standard deviation over mean of a lognormal. */
export function relativeFromLnSigma(lnSigma: number): number {
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
