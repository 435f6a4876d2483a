import { type AttributionTotals, totalsBetween, zeroTotals } from "../attribution/accumulator.ts";
import { type EnergyFigures, energyFigures, unknownEnergy } from "./energy-figures.ts";
import type { GpuMark } from "./gpu-spans.ts";
import type { MetricCpu } from "./metric.ts";
import type { MeasuredProcess } from "./task-statement.ts";

/** What is known of a span while it is open. */
export interface OpenSpan {
  readonly totals: AttributionTotals;
  readonly startWallMs: number;
  readonly startMonotonicNs: bigint;
  readonly gaps: number;
  /** Why the reading at the start failed; null when it succeeded. */
  readonly startFailure: string | null;
  /** Null where no GPU can be read. */
  readonly gpuStart: GpuMark | null;
  /** Tasks that had been started before it, and were still open: others that start or were open make it overlapped. */
  readonly startedBefore: number;
  readonly hadOpenTasks: boolean;
}

export function spanTotals(span: OpenSpan, measured: MeasuredProcess | null): AttributionTotals {
  return totalsBetween(span.totals, measured?.own.sampler.totals ?? zeroTotals);
}

/** Energy of the whole process over a span. */
export function energyOfSpan(
  span: OpenSpan,
  totals: AttributionTotals,
  measured: MeasuredProcess | null,
  whyNothing: string,
): EnergyFigures {
  if (measured === null) return unknownEnergy(whyNothing);
  const { own, baseline, host } = measured;
  const { source, sampler } = own;
  const gaps = sampler.gaps - span.gaps;
  if (span.startFailure !== null) return unknownEnergy(`its start could not be read: ${span.startFailure}`, gaps + 1);
  if (totals.tickCount === 0) return unknownEnergy(`nothing could be read: ${sampler.lastFailure ?? "no tick"}`, gaps);
  const figures = energyFigures(source, totals, baseline, gaps, host);
  return sampler.lastFailure === null || gaps > 0 ? figures : { ...figures, gaps: 1 };
}

export function cpuOfSpan(
  totals: AttributionTotals,
  taskCpuSeconds: number | null,
  logicalCpuCount: number | null,
): MetricCpu {
  if (totals.tickCount === 0) {
    return { taskCpuSeconds, hostBusyCpuSeconds: null, logicalCpuCount, cpuPercent: null };
  }
  const capacitySeconds = totals.durationSeconds * (logicalCpuCount ?? 0);
  return {
    taskCpuSeconds: taskCpuSeconds ?? totals.taskCpuSeconds,
    hostBusyCpuSeconds: totals.hostBusyCpuSeconds,
    logicalCpuCount,
    cpuPercent: capacitySeconds > 0 ? (100 * totals.hostBusyCpuSeconds) / capacitySeconds : null,
  };
}
