import { checkFinite, checkSpread } from "./checked-parameter.ts";
import { logOnePlusRelativeSquare, type Quantity } from "./product.ts";

/**
 * Each factor's share of the variance of a product, in the order given; they sum to 1, or are all 0 when everything is exact.
 *
 * ln(1 + r^2) of a product is the sum of ln(1 + r_i^2), so shares by these terms leave no remainder: what factors cause together
 * is divided among them in proportion. For small r they are the first-order shares (c_i u_i)^2 / u_c^2 of JCGM 100, 5.1.2; for
 * lognormal factors they are exact shares of the variance of the logarithm. Throws INPUT_INVALID for a mean or uncertainty that is none.
 */
export function varianceShares(factors: readonly Quantity[]): readonly number[] {
  for (const { mean, standardUncertainty } of factors) {
    checkFinite("mean of a factor", mean);
    checkSpread("standard uncertainty of a factor", standardUncertainty);
  }
  const terms = factors.map(logOnePlusRelativeSquare);
  const total = terms.reduce((sum, term) => sum + term, 0);
  return terms.map((term) => (total > 0 ? term / total : 0));
}
