/** The public API of carbon-ops. Importing it starts no timer, opens no file and patches nothing. */

export type { EnergyInput } from "./carbon/energy-input.ts";
export type {
  BudgetRow,
  CarbonEstimate,
  CoverageInterval,
  GramsFigures,
  IntensityUsed,
  QualityFlag,
} from "./carbon/estimate.ts";
export {
  CarbonEstimator,
  type CarbonEstimatorOptions,
  type EnergyWithTimes,
  type PowerTime,
  type SpanEnergy,
} from "./carbon/estimator.ts";
export type { Timestamp } from "./carbon/span-input.ts";
export type { StatedValue } from "./carbon/stated-value.ts";
export type { TaskEnergy } from "./carbon/task-energy.ts";
export type { Clock } from "./clock.ts";
export { CarbonOpsError, type ErrorCode } from "./errors.ts";
export type { GpuUse } from "./host/gpu.ts";
export type { HostRoots } from "./host/roots.ts";
export type {
  IntensityBasis,
  IntensityError,
  IntensityErrorName,
  IntensityKind,
  IntensityProvider,
  IntensityScope,
  IntensityValue,
  TimeInterval,
  ZoneIntensity,
} from "./intensity/intensity.ts";
export { findRegions, type RegionMatch } from "./intensity/region-search.ts";
export type { EnergyFigures } from "./monitor/energy-figures.ts";
export { EnergyLogger, type EnergyLoggerOptions } from "./monitor/energy-logger.ts";
export type { IdleCalibration } from "./monitor/idle-calibration.ts";
export type { EnergyMetric, MetricCpu, MetricMemory } from "./monitor/metric.ts";
export type { MetricSummary, OperationSummary } from "./monitor/summary.ts";
export { taskEnergyOf } from "./monitor/task-energy.ts";
