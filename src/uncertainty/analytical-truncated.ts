import { CarbonOpsError } from "../errors.ts";
import { type Factor, isScored, productOfFactorDistributions } from "./factor.ts";
import { lognormalFromMean } from "./lognormal.ts";
import {
  constant,
  lognormalVariable,
  type PositiveVariable,
  productVariable,
  scoredVariable,
  sumVariable,
} from "./positive-variable.ts";
import type { Quantity } from "./product.ts";
import { type TruncatedNormal, truncatedNormal } from "./truncated-normal.ts";

/**
 * The method `analytical_truncated`: G = E * (product of factors) + addend, where E is normal truncated at 0, the positive factors
 * are lognormals (on top of a lowest value, where they have one; their product is then integrated), and the addend (embodied carbon) is lognormal.
 * Quantiles come from quadrature of the distribution function, not from a multiple of the standard uncertainty.
 */
export interface ProductModel {
  /** Parent of the truncated normal. A mean below 0 is allowed when its uncertainty is above 0: the data are a difference. */
  readonly energy: Quantity;
  /** Independent factors above 0; a mean of exactly 0 (a marginal rate may be) leaves the addend alone. */
  readonly factors: readonly Factor[];
  /** Independent positive addend, in the unit of the result. */
  readonly addend?: Quantity;
  /** Probability that the interval holds, in (0, 1); default 0.95. */
  readonly level?: number;
}

export type IntervalKind = "equal_tailed" | "upper_limit";

export interface AnalyticalResult {
  readonly method: "analytical_truncated";
  readonly mean: number;
  readonly standardUncertainty: number;
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
  readonly level: number;
  readonly intervalKind: IntervalKind;
  /** Mean and standard deviation of the energy after truncation. */
  readonly energyMean: number;
  readonly energyStandardDeviation: number;
  /** Probability that the parent of the energy gave to values below 0. */
  readonly energyMassBelowZero: number;
}

/**
 * Below this ratio of parent mean to parent standard uncertainty the data do not exclude "nothing": an upper limit is stated.
 * It is the 95 % point of the standard normal; switching there keeps repeated-sampling coverage of the 95 % interval within
 * 0.93 to 0.975 for every true value, 0 included.
 */
const upperLimitBelowRatio = 1.645;

/** A standard uncertainty of less than this part of the mean shows in no printed digit: the energy is taken as exact. */
const negligibleRelative = 1e-9;

/** So many standard uncertainties below zero the data contradict their uncertainty, and the arithmetic has no digits left. */
const farthestBelowZero = 1e6;

/** Probability that an interval holds where nobody asked for another. */
export const defaultLevel = 0.95;

/** Throws INPUT_INVALID when a mean, an uncertainty or the level is outside its range. */
export function analyticalTruncated(model: ProductModel): AnalyticalResult {
  const level = model.level ?? defaultLevel;
  checkModel(model, level);
  // Everything scales with the energy: computed near 1, no square overflows or vanishes, and a power of two rounds nothing.
  const unit = scaleOf(model.energy);
  const parentMean = model.energy.mean / unit;
  const parentSigma = model.energy.standardUncertainty / unit;
  const isUncertain = parentSigma > negligibleRelative * parentMean;
  const energy = isUncertain ? truncatedNormal(parentMean, parentSigma) : null;
  const product = productOf(energy, parentMean, model.factors);
  const result = withAddend(product, model.addend, unit);
  // Times a factor of exactly 0 the energy no longer matters.
  const isUpperLimit = product.mean > 0 && statesUpperLimit(model.energy);
  return {
    method: "analytical_truncated",
    mean: unit * result.mean,
    standardUncertainty: unit * result.standardDeviation,
    median: unit * result.quantile(0.5),
    lower: isUpperLimit ? 0 : unit * result.quantile((1 - level) / 2),
    upper: unit * result.quantile(isUpperLimit ? level : (1 + level) / 2),
    level,
    intervalKind: isUpperLimit ? "upper_limit" : "equal_tailed",
    energyMean: unit * (energy?.mean ?? parentMean),
    energyStandardDeviation: unit * (energy?.standardDeviation ?? 0),
    energyMassBelowZero: energy?.massBelowZero ?? 0,
  };
}

/**
 * Whether only an upper limit can be stated for an energy: its parent mean is less than 1.645 of its standard uncertainties.
 * Monte Carlo takes the interval kind `upper_limit` for the same energies.
 */
export function statesUpperLimit({ mean, standardUncertainty }: Quantity): boolean {
  const isUncertain = standardUncertainty > negligibleRelative * mean;
  return isUncertain && mean / standardUncertainty < upperLimitBelowRatio;
}

function scaleOf({ mean, standardUncertainty }: Quantity): number {
  const size = Math.max(Math.abs(mean), standardUncertainty);
  return size === 0 ? 1 : 2 ** Math.floor(Math.log2(size));
}

function productOf(energy: TruncatedNormal | null, exactEnergy: number, factors: readonly Factor[]): PositiveVariable {
  const factor = productOfFactorDistributions(factors);
  if (factor.mean === 0) return constant(0);
  if (energy !== null) return productVariable(energy, factor);
  if (exactEnergy === 0) return constant(0);
  if (isScored(factor)) return scoredVariable(factor, exactEnergy);
  return lognormalVariable(lognormalFromMean(exactEnergy * factor.mean, exactEnergy * factor.standardUncertainty));
}

function withAddend(product: PositiveVariable, addend: Quantity | undefined, unit: number): PositiveVariable {
  if (addend === undefined || addend.mean === 0) return product;
  const distribution = lognormalFromMean(addend.mean / unit, addend.standardUncertainty / unit);
  return sumVariable(product, lognormalVariable(distribution));
}

function checkModel({ energy, factors, addend }: ProductModel, level: number): void {
  if (!(level > 0 && level < 1)) throw invalid("level", level, "a number between 0 and 1");
  if (!Number.isFinite(energy.mean)) throw invalid("energy mean", energy.mean, "a finite number");
  if (energy.mean < 0 && energy.standardUncertainty === 0) {
    throw invalid("energy mean", energy.mean, "0 or more, unless it has an uncertainty");
  }
  if (energy.mean < -farthestBelowZero * energy.standardUncertainty) {
    throw invalid("energy mean", energy.mean, "at most a million of its standard uncertainties below 0");
  }
  for (const quantity of [energy, ...factors, ...(addend === undefined ? [] : [addend])]) {
    const { standardUncertainty } = quantity;
    if (!(standardUncertainty >= 0 && Number.isFinite(standardUncertainty))) {
      throw invalid("standard uncertainty", standardUncertainty, "a finite number, 0 or more");
    }
  }
  for (const { mean, standardUncertainty, lowest = 0 } of factors) {
    if (!(mean >= 0 && Number.isFinite(mean))) throw invalid("factor's mean", mean, "a finite number, 0 or more");
    if (mean === 0 && standardUncertainty > 0)
      throw invalid("uncertainty of a factor that is 0", standardUncertainty, "0 too");
    if (!(lowest >= 0 && (lowest < mean || lowest === 0 || standardUncertainty === 0))) {
      throw invalid("lowest value of a factor", lowest, "0 or more, and below its mean");
    }
  }
  if (addend !== undefined && !(addend.mean >= 0 && Number.isFinite(addend.mean))) {
    throw invalid("addend's mean", addend.mean, "a finite number, 0 or more");
  }
}

function invalid(what: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${what} is ${value}, but must be ${allowed}.`);
}
