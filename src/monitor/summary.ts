import type { EnergyMetric } from "./metric.ts";

export interface OperationSummary {
  readonly operation: string;
  readonly count: number;
  readonly durationSeconds: number;
  /** Sum over the spans whose energy is known; null when no span's is. */
  readonly energyWhTask: number | null;
  readonly energyWhTotal: number | null;
  /** Spans without any energy reading: they are in `count` and `durationSeconds` only. */
  readonly withoutEnergy: number;
  /** Spans that ran beside others: their sums count shared energy more than once. */
  readonly overlapped: number;
}

export interface MetricSummary {
  readonly count: number;
  /** Metrics that the bounded history no longer holds, and this summary therefore does not include. */
  readonly dropped: number;
  readonly operations: readonly OperationSummary[];
}

/** Sums by operation, in the order in which operations first appeared. */
export function summarise(metrics: readonly EnergyMetric[], dropped: number): MetricSummary {
  const operations = new Map<string, OperationSummary>();
  for (const metric of metrics) {
    operations.set(metric.operation, add(operations.get(metric.operation) ?? emptySummary(metric.operation), metric));
  }
  return { count: metrics.length, dropped, operations: [...operations.values()] };
}

function emptySummary(operation: string): OperationSummary {
  return {
    operation,
    count: 0,
    durationSeconds: 0,
    energyWhTask: null,
    energyWhTotal: null,
    withoutEnergy: 0,
    overlapped: 0,
  };
}

function add(summary: OperationSummary, metric: EnergyMetric): OperationSummary {
  const { energyWhTask, energyWhTotal } = metric.energy;
  return {
    operation: summary.operation,
    count: summary.count + 1,
    durationSeconds: summary.durationSeconds + metric.durationSeconds,
    energyWhTask: sumOfKnown(summary.energyWhTask, energyWhTask),
    energyWhTotal: sumOfKnown(summary.energyWhTotal, energyWhTotal),
    withoutEnergy: summary.withoutEnergy + (energyWhTotal === null ? 1 : 0),
    overlapped: summary.overlapped + (metric.overlapped ? 1 : 0),
  };
}

function sumOfKnown(sum: number | null, value: number | null): number | null {
  if (value === null) return sum;
  return (sum ?? 0) + value;
}
