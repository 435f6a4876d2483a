import {
  type Lognormal,
  lognormalCdf,
  lognormalFromMean,
  lognormalMean,
  lognormalQuantile,
  relativeFromLnSigma,
} from "./lognormal.ts";
import { normalCdf, normalDensity } from "./normal.ts";
import type { Quantity } from "./product.ts";
import { gaussHermite, gaussLegendre, type QuadratureNode } from "./quadrature.ts";
import type { TruncatedNormal } from "./truncated-normal.ts";

/** A random quantity above 0, known by its moments, its distribution function and how to average over it. */
export interface PositiveVariable {
  readonly mean: number;
  readonly standardDeviation: number;
  cdf(x: number): number;
  /** In closed form; null where it must be found from the cdf. */
  readonly quantile: ((p: number) => number) | null;
  /** E[f(X)] over X < limit, for an f that is smooth there and 0 beyond. */
  expectationBelow(limit: number, f: (x: number) => number): number;
}

export function constant(value: number): PositiveVariable {
  return {
    mean: value,
    standardDeviation: 0,
    cdf: (x) => (x >= value ? 1 : 0),
    quantile: () => value,
    expectationBelow: (limit, f) => (value < limit ? f(value) : 0),
  };
}

export function lognormalVariable(distribution: Lognormal): PositiveVariable {
  const mean = lognormalMean(distribution);
  const { lnMedian, lnSigma } = distribution;
  if (lnSigma === 0) return constant(mean);
  return {
    mean,
    standardDeviation: mean * relativeFromLnSigma(lnSigma),
    cdf: (x) => lognormalCdf(distribution, x),
    quantile: (p) => lognormalQuantile(distribution, p),
    expectationBelow: (limit, f) => {
      const reach = Math.min(normalReach, (Math.log(limit) - lnMedian) / lnSigma);
      return integral(-normalReach, reach, (z) => normalDensity(z) * f(Math.exp(lnMedian + lnSigma * z)));
    },
  };
}

/** A truncated normal times a lognormal that is matched to the factor's mean and standard uncertainty. */
export function productVariable(energy: TruncatedNormal, factor: Quantity): PositiveVariable {
  const mean = energy.mean * factor.mean;
  if (factor.standardUncertainty === 0) return scaledEnergy(energy, factor.mean);
  const distribution = lognormalFromMean(factor.mean, factor.standardUncertainty);
  const { lnMedian, lnSigma } = distribution;
  // r^2 = r1^2 + r2^2 + r1^2 r2^2 for independent factors; a mean square minus a squared mean loses every digit of small ones.
  const [r1, r2] = [energy.standardDeviation / energy.mean, factor.standardUncertainty / factor.mean];
  const ratio = Math.max(energy.parentMean / energy.parentSigma, 1);
  // Averaging over the narrower of the two leaves a smooth integrand: 48 nodes then give quantiles to a few 1e-6.
  const cdf =
    lnSigma * ratio <= 1
      ? (x: number) => normalExpectation((z) => energy.cdf(x * Math.exp(-lnMedian - lnSigma * z)))
      : (x: number) => energyIntegral(energy, Infinity, (e) => normalCdf((Math.log(x / e) - lnMedian) / lnSigma));
  return {
    mean,
    standardDeviation: mean * Math.hypot(r1, r2, r1 * r2),
    cdf: (x) => (x <= 0 ? 0 : cdf(x)),
    quantile: null,
    expectationBelow: (limit, f) =>
      normalExpectation((z) => {
        const multiplier = Math.exp(lnMedian + lnSigma * z);
        return energyIntegral(energy, limit / multiplier, (e) => f(e * multiplier));
      }),
  };
}

function scaledEnergy(energy: TruncatedNormal, multiplier: number): PositiveVariable {
  return {
    mean: energy.mean * multiplier,
    standardDeviation: energy.standardDeviation * multiplier,
    cdf: (x) => energy.cdf(x / multiplier),
    quantile: (p) => energy.quantile(p) * multiplier,
    expectationBelow: (limit, f) => energyIntegral(energy, limit / multiplier, (e) => f(e * multiplier)),
  };
}

/** The sum of two independent variables, averaged over the narrower one. */
export function sumVariable(left: PositiveVariable, right: PositiveVariable): PositiveVariable {
  const [narrow, wide] = left.standardDeviation < right.standardDeviation ? [left, right] : [right, left];
  return {
    mean: left.mean + right.mean,
    standardDeviation: Math.hypot(left.standardDeviation, right.standardDeviation),
    cdf: (x) => (x <= 0 ? 0 : narrow.expectationBelow(x, (n) => wide.cdf(x - n))),
    quantile: narrow.standardDeviation > 0 || wide.quantile === null ? null : shifted(wide.quantile, narrow.mean),
    expectationBelow: (limit, f) =>
      narrow.expectationBelow(limit, (n) => wide.expectationBelow(limit - n, (w) => f(n + w))),
  };
}

function shifted(quantile: (p: number) => number, shift: number): (p: number) => number {
  return (p) => shift + quantile(p);
}

/** Beyond this many standard deviations a normal distribution holds less than 2e-17. */
const normalReach = 8.5;
const nodeCount = 48;

const nodes: { hermite: readonly QuadratureNode[] | null; legendre: readonly QuadratureNode[] | null } = {
  hermite: null,
  legendre: null,
};

/** E[f(z)], z standard normal. */
function normalExpectation(f: (z: number) => number): number {
  nodes.hermite ??= gaussHermite(nodeCount);
  let sum = 0;
  for (const { x, weight } of nodes.hermite) sum += weight * f(x);
  return sum;
}

/** Integral of f(e) times the energy's density, from 0 (or where it begins to matter) to the limit. */
function energyIntegral(energy: TruncatedNormal, limit: number, f: (energy: number) => number): number {
  const { parentMean, parentSigma } = energy;
  const low = Math.max(0, parentMean - normalReach * parentSigma);
  const high = Math.min(limit, energyReach(energy));
  return integral(low, high, (e) => energy.density(e) * f(e));
}

/** Where the density has fallen by exp(-reach^2/2) from its highest value: d (alpha + d/2) = reach^2/2 below zero. */
function energyReach({ parentMean, parentSigma }: TruncatedNormal): number {
  if (parentMean >= 0) return parentMean + normalReach * parentSigma;
  const alpha = -parentMean / parentSigma;
  return (parentSigma * normalReach ** 2) / (alpha + Math.hypot(alpha, normalReach));
}

function integral(low: number, high: number, f: (x: number) => number): number {
  if (!(high > low)) return 0;
  nodes.legendre ??= gaussLegendre(nodeCount);
  const halfWidth = (high - low) / 2;
  const centre = (high + low) / 2;
  let sum = 0;
  for (const { x, weight } of nodes.legendre) sum += weight * f(centre + halfWidth * x);
  return sum * halfWidth;
}
