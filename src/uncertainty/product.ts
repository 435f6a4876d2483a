import { checkFinite, checkSpread } from "./checked-parameter.ts";

/** A quantity known by its mean and standard uncertainty, in the same unit. */
export interface Quantity {
  readonly mean: number;
  /** 0 or more; 0 means exact. */
  readonly standardUncertainty: number;
}

/**
 * The product of independent factors of any distribution: means multiply, and 1 + r^2 = product of (1 + r_i^2) holds exactly,
 * with r = u / mean. (The first-order sum of r_i^2, JCGM 100, 5.1.6, is 4 % low at three factors of 30 %.)
 * Throws INPUT_INVALID for a mean that is not finite, or an uncertainty that is not 0 or more.
 */
export function productOfFactors(factors: readonly Quantity[]): Quantity {
  let product: Quantity = { mean: 1, standardUncertainty: 0 };
  // u^2 of a product of two is (u1 m2)^2 + (m1 u2)^2 + (u1 u2)^2: nothing is divided, so a mean of 0 is a number like any other.
  for (const { mean, standardUncertainty } of factors) {
    checkFinite("mean of a factor", mean);
    checkSpread("standard uncertainty of a factor", standardUncertainty);
    product = {
      mean: product.mean * mean,
      standardUncertainty: Math.hypot(
        product.standardUncertainty * mean,
        product.mean * standardUncertainty,
        product.standardUncertainty * standardUncertainty,
      ),
    };
  }
  return product;
}

/** ln(1 + (u/mean)^2), which adds up over the factors of a product. */
export function logOnePlusRelativeSquare({ mean, standardUncertainty }: Quantity): number {
  if (standardUncertainty === 0) return 0;
  return Math.log1p((standardUncertainty / mean) ** 2);
}
