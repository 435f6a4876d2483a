/** One error of a product: an addend of its energy, or a factor. */
export interface ErrorTerm {
  /** (standard deviation over mean)^2. */
  readonly relativeSquare: number;
  /** Whether no other estimate can have the same error. */
  readonly isPrivate: boolean;
}

/**
 * Each term's share of the variance of (sum of the addends) x (product of the factors), in the order given: addends, then factors. They sum to
 * 1, or are all 0 when everything is exact.
 *
 * Estimates that share their shared errors have the covariance mean x mean x (product of (1 + r_i^2) over these errors, less 1), so the
 * shared terms get that much and no more, in proportion to their r_i^2 (first-order, JCGM 100, 5.1.2); what private errors cause, alone
 * and together with the shared ones, is private. The sum over many estimates is then as uncertain as it is, to rounding.
 */
export function dividedVariance(addends: readonly ErrorTerm[], factors: readonly ErrorTerm[]): readonly number[] {
  const terms = [...addends, ...factors];
  const isShared = ({ isPrivate }: ErrorTerm): boolean => !isPrivate;
  const total = productVariance(addends, factors);
  const shared = productVariance(addends.filter(isShared), factors.filter(isShared));
  const sharedSquares = sumOfSquares(terms.filter(isShared));
  const privateSquares = sumOfSquares(terms.filter(({ isPrivate }) => isPrivate));
  return terms.map(({ relativeSquare, isPrivate }) => {
    if (relativeSquare === 0) return 0;
    const part = isPrivate ? (total - shared) / privateSquares : shared / sharedSquares;
    return (relativeSquare * part) / total;
  });
}

/** Relative variance: errors of addends add up, and 1 + r^2 of a product is the product of those of its factors. */
function productVariance(addends: readonly ErrorTerm[], factors: readonly ErrorTerm[]): number {
  const ofSum = Math.log1p(sumOfSquares(addends));
  return Math.expm1(factors.reduce((sum, { relativeSquare }) => sum + Math.log1p(relativeSquare), ofSum));
}

function sumOfSquares(terms: readonly ErrorTerm[]): number {
  return terms.reduce((sum, { relativeSquare }) => sum + relativeSquare, 0);
}
