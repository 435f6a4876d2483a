import { checkCorrelation, checkFinite, checkSpread } from "./checked-parameter.ts";
import type { Quantity } from "./product.ts";

/** a - b with their correlation (JCGM 100, 5.2.2): what the two share cancels. Throws INPUT_INVALID for what is no quantity or correlation. */
export function difference(a: Quantity, b: Quantity, correlation: number): Quantity {
  checkPair(a, b, correlation);
  const [u, v] = [a.standardUncertainty, b.standardUncertainty];
  // (u - v)^2 + 2 (1 - r) u v: no cancellation of squares when r is near 1.
  return {
    mean: a.mean - b.mean,
    standardUncertainty: Math.sqrt((u - v) * (u - v) + 2 * (1 - correlation) * u * v),
  };
}

/**
 * The exact mean and standard deviation of a product of two normal quantities with a correlation (L. A. Goodman, JASA 55 (1960) 708). Throws
 * INPUT_INVALID for what is no quantity or correlation.
 */
export function productOfCorrelatedNormals(a: Quantity, b: Quantity, correlation: number): Quantity {
  checkPair(a, b, correlation);
  const [u, v] = [a.standardUncertainty, b.standardUncertainty];
  const covariance = correlation * u * v;
  const variance =
    (a.mean * v) ** 2 + (b.mean * u) ** 2 + 2 * a.mean * b.mean * covariance + (u * v) ** 2 + covariance ** 2;
  return { mean: a.mean * b.mean + covariance, standardUncertainty: Math.sqrt(variance) };
}

function checkPair(a: Quantity, b: Quantity, correlation: number): void {
  for (const { mean, standardUncertainty } of [a, b]) {
    checkFinite("mean of a term", mean);
    checkSpread("standard uncertainty of a term", standardUncertainty);
  }
  checkCorrelation("correlation of two terms", correlation);
}
