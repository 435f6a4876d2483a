/** A quantity known by its mean and standard uncertainty, in the same unit. */
export interface Quantity {
  readonly mean: number;
  /** 0 or more; 0 means exact. */
  readonly standardUncertainty: number;
}

/**
 * The product of independent factors of any distribution: means multiply, and 1 + r^2 = product of (1 + r_i^2) holds exactly,
 * with r = u / mean. (The first-order sum of r_i^2, JCGM 100, 5.1.6, is 4 % low at three factors of 30 %.)
 */
export function productOfFactors(factors: readonly Quantity[]): Quantity {
  let mean = 1;
  let lnOnePlusSquare = 0;
  for (const factor of factors) {
    mean *= factor.mean;
    lnOnePlusSquare += logOnePlusRelativeSquare(factor);
  }
  return { mean, standardUncertainty: Math.abs(mean) * Math.sqrt(Math.expm1(lnOnePlusSquare)) };
}

/** ln(1 + (u/mean)^2), which adds up over the factors of a product. */
export function logOnePlusRelativeSquare({ mean, standardUncertainty }: Quantity): number {
  if (standardUncertainty === 0) return 0;
  return Math.log1p((standardUncertainty / mean) ** 2);
}
