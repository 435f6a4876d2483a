/** The public API of carbon-ops. Importing it starts no timer, opens no file and patches nothing. */

export type { BudgetRow, CarbonEstimate, CoverageInterval } from "./carbon/estimate.ts";
export { CarbonEstimator, type CarbonEstimatorOptions } from "./carbon/estimator.ts";
export type { TaskEnergy } from "./carbon/task-energy.ts";
export { CarbonOpsError, type ErrorCode } from "./errors.ts";
export { findRegions, type RegionMatch } from "./intensity/region-search.ts";
export type { EnergyFigures } from "./monitor/energy-figures.ts";
export { EnergyLogger, type EnergyLoggerOptions } from "./monitor/energy-logger.ts";
export type { IdleCalibration } from "./monitor/idle-calibration.ts";
export type { EnergyMetric } from "./monitor/metric.ts";
export type { MetricSummary, OperationSummary } from "./monitor/summary.ts";
export { taskEnergyOf } from "./monitor/task-energy.ts";
