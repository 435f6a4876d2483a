/** The public API of carbon-ops. Importing it starts no timer, opens no file and patches nothing. */

export {
  type Aggregate,
  type AggregateGroup,
  type AggregateKey,
  type AggregateOptions,
  type Aggregator,
  aggregate,
  openAggregator,
} from "./carbon/aggregate.ts";
export type { GramsTotal } from "./carbon/aggregate-grams.ts";
export type { AggregateItem, EstimateToSum, FiguresToSum, RestatementToSum } from "./carbon/aggregate-record.ts";
export type { MissingPolicy } from "./carbon/buckets.ts";
export type { EmbodiedFigures, EmbodiedInput } from "./carbon/embodied.ts";
export type { EnergyAtTime } from "./carbon/energy-by-time.ts";
export type { EnergyInput } from "./carbon/energy-input.ts";
export { type CarbonEquivalent, carbonEquivalents } from "./carbon/equivalents.ts";
export type {
  BucketUsed,
  BudgetRow,
  CarbonEstimate,
  CoverageInterval,
  EstimationMethod,
  GramsFigures,
  IntensityUsed,
  QualityFlag,
  SamplingUsed,
} from "./carbon/estimate.ts";
export type { EstimateInputs } from "./carbon/estimate-inputs.ts";
export {
  CarbonEstimator,
  type CarbonEstimatorOptions,
  type EnergyWithTimes,
  type PowerTime,
  type SpanEnergy,
} from "./carbon/estimator.ts";
export { type CarbonRating, carbonLabel, carbonRating } from "./carbon/label.ts";
export type { FunctionalUnit, SciScore } from "./carbon/sci.ts";
export type { Timestamp } from "./carbon/span-input.ts";
export type { StatedValue } from "./carbon/stated-value.ts";
export type { GpuTaskEnergy, IdleError, TaskEnergy } from "./carbon/task-energy.ts";
export type { TaxonomyFigures } from "./carbon/taxonomy.ts";
export type { Clock } from "./clock.ts";
export { CarbonOpsError, type ErrorCode } from "./errors.ts";
export { type PrometheusSink, prometheusSink } from "./exporters/prometheus-page.ts";
export { type PrometheusServer, type PrometheusServerOptions, servePrometheus } from "./exporters/prometheus-server.ts";
export type { GpuUse } from "./host/gpu.ts";
export type { HostRoots } from "./host/roots.ts";
export type { IntensityCounters, ProviderCounters } from "./intensity/counters.ts";
export type {
  IntensityAnswer,
  IntensityBasis,
  IntensityError,
  IntensityErrorName,
  IntensityKind,
  IntensityLookup,
  IntensityPeriod,
  IntensityProvider,
  IntensityRequest,
  IntensityScope,
  IntensitySeries,
  ProviderAttempt,
  TimeInterval,
  ZoneIntensity,
} from "./intensity/intensity.ts";
export {
  type IntensitySettings,
  type IntensitySurroundings,
  type OpenedIntensity,
  openIntensity,
} from "./intensity/open-intensity.ts";
export { findRegions, type RegionMatch } from "./intensity/region-search.ts";
export { staticIntensity } from "./intensity/static-provider.ts";
export type { EnergyFigures } from "./monitor/energy-figures.ts";
export { EnergyLogger } from "./monitor/energy-logger.ts";
export type { EnergyUncertainty } from "./monitor/energy-uncertainty.ts";
export type { IdleCalibration } from "./monitor/idle-calibration.ts";
export type { EnergyLoggerOptions } from "./monitor/logger-options.ts";
export type { EnergyMetric, MetricCpu, MetricMemory } from "./monitor/metric.ts";
export type { MetricSummary, OperationSummary } from "./monitor/summary.ts";
export type { Task, TaskOptions } from "./monitor/task.ts";
export { taskEnergyOf } from "./monitor/task-energy.ts";
export type { SharedFigures, TaskFigures, TaskNameFigures, TaskOutcome, TaskReport } from "./monitor/task-figures.ts";
export type { EndedTask, NameInterval, TaskInterval, TaskSink } from "./monitor/task-interval.ts";
export { type LatestRecords, latestRecords, type RecordLocation } from "./record/latest.ts";
