/** `carbon-ops/uncertainty`: distributions, products of uncertain factors, and the interval method that the estimates use. */
export {
  type AnalyticalResult,
  analyticalTruncated,
  type IntervalKind,
  type ProductModel,
  statesUpperLimit,
} from "./analytical-truncated.ts";
export {
  type Cusum,
  type CusumOptions,
  cusum,
  falseAlarmProbabilityAt,
  hampelFilter,
  largestPossibleZ,
  type PointScore,
  type RobustOptions,
  type RobustScore,
  robustScore,
  type SpikeOptions,
  spikeScore,
  spikeThreshold,
} from "./anomaly.ts";
export { autoregressiveSum, effectiveCount, equicorrelatedSum, matrixSum } from "./correlated-sum.ts";
export type { SourceCorrelation } from "./correlation.ts";
export { coverageFactor, rectangularCoverageFactor, trapezoidalCoverageFactor } from "./coverage-factor.ts";
export { difference, productOfCorrelatedNormals } from "./difference.ts";
export { type Distribution, type Moments, momentsOf, quantileFunction } from "./distribution.ts";
export { type ExtremeDeviateOptions, extremeDeviates } from "./extreme-deviates.ts";
export type { Factor } from "./factor.ts";
export type { HourOptions } from "./hour-sources.ts";
export { fitLine, type LineFit } from "./line-fit.ts";
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
export { type AdaptiveTrials, type MonteCarloModel, type MonteCarloResult, monteCarlo } from "./monte-carlo.ts";
export {
  covarianceOf,
  differenceOfSourced,
  foldDays,
  type RunningSum,
  runningSum,
  type SourcedQuantity,
  type SourcedQuantityJson,
  type SummableQuantity,
  sourcedFromJson,
  sourcedToJson,
  standardUncertaintyOf,
  sumOfSourced,
} from "./named-sources.ts";
export { normalCdf, normalQuantile } from "./normal.ts";
export { type BlockStability, blockStability, isValidatedBy, numericalTolerance } from "./numerical-tolerance.ts";
export { coverageInterval, type SampleInterval, type SampleIntervalKind } from "./order-statistics.ts";
export {
  type PairedPlan,
  type PairedSizeQuestion,
  pairedDetectableEffect,
  pairedSampleSize,
  pairedTPower,
  sampleSizeFromPilot,
} from "./paired-power.ts";
export {
  comparePairs,
  holmAdjusted,
  type PairedComparison,
  type PairedError,
  type PairedOptions,
} from "./paired-samples.ts";
export {
  minimumDetectableEffect,
  type SampleSize,
  type SampleSizeQuestion,
  sampleSizePerGroup,
  type TestPlan,
  twoSampleTPower,
} from "./power.ts";
export { productOfFactors, type Quantity } from "./product.ts";
export {
  type PropagationInput,
  type PropagationModel,
  type PropagationResult,
  propagateUncertainty,
} from "./propagation.ts";
export { compareRanks, type RankComparison } from "./rank-test.ts";
export { median, type SampleMoments, sampleMoments } from "./sample.ts";
export type { RandomSource } from "./sample-columns.ts";
export { noncentralTCdf, studentTCdf, studentTQuantile, studentTTwoSidedTail } from "./student-t.ts";
export { type TruncatedNormal, truncatedNormal } from "./truncated-normal.ts";
export {
  type ComparisonOptions,
  compareMeans,
  compareRatios,
  type MeanComparison,
  type RatioComparison,
} from "./two-samples.ts";
export { varianceShares } from "./variance-shares.ts";
export {
  type BudgetInput,
  type CombinedUncertainty,
  degreesOfFreedomOfJudgement,
  welchSatterthwaite,
} from "./welch-satterthwaite.ts";
