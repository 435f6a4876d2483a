import { lognormalFromMean } from "./lognormal.ts";
import { productOfFactors, type Quantity } from "./product.ts";
import {
  type LogarithmOfScore,
  lnOfLognormal,
  lnOfShifted,
  lnOfTable,
  type ScoreTable,
  scoreTableOfProduct,
} from "./score-table.ts";

/** A factor above 0: a lognormal, on top of the lowest value that it can have. */
export interface Factor extends Quantity {
  /** Default 0. A PUE is at least 1: its excess is the lognormal, and its distribution more skewed than a lognormal of its mean and u. */
  readonly lowest?: number;
}

/** A product of factors by its distribution: both ways between ln x and the normal number. */
interface Scored {
  readonly logarithm: LogarithmOfScore;
  readonly table: ScoreTable;
}

export interface FactorProduct extends Quantity {
  /** Absent where the product is a lognormal. */
  readonly scored?: Scored;
}

export type ScoredProduct = FactorProduct & { readonly scored: Scored };

export function isScored(product: FactorProduct): product is ScoredProduct {
  return product.scored !== undefined;
}

/** Below this relative uncertainty a table of ln x would lose its digits, and the shape shows nowhere. */
const smallestRelative = 1e-8;

/**
 * The product of independent factors: without lowest values one lognormal of its exact mean and variance; with them the distribution of the
 * product itself, those factors one by one and the lognormals among the others as one.
 */
export function productOfFactorDistributions(factors: readonly Factor[]): FactorProduct {
  const product = productOfFactors(factors);
  const shifted = factors.filter(hasShape);
  if (shifted.length === 0 || !(product.standardUncertainty > smallestRelative * product.mean)) return product;
  const others = productOfFactors(factors.filter((factor) => !hasShape(factor)));
  const exact = others.standardUncertainty === 0 ? others.mean : 1;
  const logarithms = shifted.map((factor, index) => logarithmOf(factor, index === 0 ? exact : 1));
  if (others.standardUncertainty > 0) {
    logarithms.push(lnOfLognormal(lognormalFromMean(others.mean, others.standardUncertainty)));
  }
  return { ...product, scored: multiplied(logarithms) };
}

function hasShape({ lowest = 0, standardUncertainty }: Factor): boolean {
  return lowest > 0 && standardUncertainty > 0;
}

function logarithmOf({ mean, standardUncertainty, lowest = 0 }: Factor, exact: number): LogarithmOfScore {
  return lnOfShifted(exact * lowest, lognormalFromMean(exact * (mean - lowest), exact * standardUncertainty));
}

/** A factor of exactly 1. */
const one = lnOfLognormal({ lnMedian: 0, lnSigma: 0 });

function multiplied([first = one, second = one, ...others]: readonly LogarithmOfScore[]): Scored {
  let table = scoreTableOfProduct(first, second);
  for (const other of others) table = scoreTableOfProduct(lnOfTable(table), other);
  // What is not multiplied has its quantiles in closed form.
  return { logarithm: second === one ? first : lnOfTable(table), table };
}
