import { lognormalFromMean, relativeFromLnSigma } from "./lognormal.ts";
import { productOfFactors, type Quantity } from "./product.ts";

/** A factor above 0: a lognormal, on top of the lowest value that it can have. */
export interface Factor extends Quantity {
  /** Default 0. A PUE is at least 1: its excess is the lognormal, and its distribution more skewed than a lognormal of its mean and u. */
  readonly lowest?: number;
}

/** Second and third central moments, relative to the powers of the mean. */
interface RelativeMoments {
  readonly second: number;
  readonly third: number;
}

/** Below this skewness (a relative uncertainty of 3e-4) shapes cannot be told apart, and the matching would lose its digits. */
const smallestSkewness = 1e-3;

/**
 * The product of independent factors as one lognormal on top of a lowest value, with the product's exact mean, variance and third moment. Without
 * lowest values the product of lognormals is a lognormal, and nothing needs matching.
 */
export function productAsFactor(factors: readonly Factor[]): Required<Factor> {
  const product = productOfFactors(factors);
  const isShifted = factors.some(({ lowest = 0, standardUncertainty }) => lowest > 0 && standardUncertainty > 0);
  if (!isShifted || product.mean === 0) return { ...product, lowest: 0 };
  const { second, third } = factors.map(momentsOf).reduce(momentsOfProduct);
  const skewness = third / second ** 1.5;
  if (skewness < smallestSkewness) return { ...product, lowest: 0 };
  // (w + 2) sqrt(w - 1) = skewness with w = exp(lnSigma^2): Cardano's root t + 1/t - 1, of which 1 is taken away without rounding it off.
  const root = Math.cbrt(1 + (skewness * skewness) / 2 + skewness * Math.sqrt(1 + (skewness * skewness) / 4));
  const relative = (root - 1) / Math.sqrt(root);
  const excess = Math.min(product.mean, product.standardUncertainty / relative);
  return { ...product, lowest: product.mean - excess };
}

/** Of a lognormal with w = exp(lnSigma^2) the skewness is (w + 2) sqrt(w - 1). */
function momentsOf({ mean, standardUncertainty, lowest = 0 }: Factor): RelativeMoments {
  if (standardUncertainty === 0) return { second: 0, third: 0 };
  const { lnSigma } = lognormalFromMean(mean - lowest, standardUncertainty);
  const ofExcess = relativeFromLnSigma(lnSigma);
  const relative = standardUncertainty / mean;
  return { second: relative ** 2, third: (ofExcess * ofExcess + 3) * ofExcess * relative ** 3 };
}

/** E[((1 + a)(1 + b) - 1)^k] for independent a and b of mean 0: sums of what is not negative, so that no digits are lost. */
function momentsOfProduct(a: RelativeMoments, b: RelativeMoments): RelativeMoments {
  return {
    second: a.second + b.second + a.second * b.second,
    third:
      a.third + b.third + a.third * b.third + 3 * (a.third * b.second + a.second * b.third) + 6 * a.second * b.second,
  };
}
