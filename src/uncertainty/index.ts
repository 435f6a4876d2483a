/** `carbon-ops/uncertainty`: distributions, products of uncertain factors, and the interval method that the estimates use. */
export {
  type AnalyticalResult,
  analyticalTruncated,
  type IntervalKind,
  type ProductModel,
} from "./analytical-truncated.ts";
export {
  type Lognormal,
  lnSigmaFromRelative,
  lognormalCdf,
  lognormalFromMean,
  lognormalFromRange,
  lognormalMean,
  lognormalQuantile,
  relativeFromLnSigma,
} from "./lognormal.ts";
export { normalCdf, normalQuantile } from "./normal.ts";
export { productOfFactors, type Quantity } from "./product.ts";
export { type TruncatedNormal, truncatedNormal } from "./truncated-normal.ts";
export { varianceShares } from "./variance-shares.ts";
