import type { AttributionTotals } from "../attribution/accumulator.ts";
import { type EnergyFigures, energyFigures, unknownEnergy } from "./energy-figures.ts";
import type { GpuEnergyFigures } from "./gpu-figures.ts";
import type { GpuMark } from "./gpu-spans.ts";
import type { MetricCpu } from "./metric.ts";
import type { Moment, SpanReading } from "./moment.ts";
import type { MeasuredProcess } from "./task-statement.ts";

/** What is known of a span while it is open. */
export interface OpenSpan {
  /** Null where nothing can be read. */
  readonly start: Moment | null;
  /** Whether a reading was made for this very start: the last one stands in where spans come too fast for that. */
  readonly startWasRead: boolean;
  readonly startWallMs: number;
  readonly startMonotonicNs: bigint;
  /** Null where no GPU can be read. */
  readonly gpuStart: GpuMark | null;
  /** Tasks that had been started before it, and were still open: others that start or were open make it overlapped. */
  readonly startedBefore: number;
  readonly hadOpenTasks: boolean;
}

/** What is known of a span once it has ended. */
export interface SpanEnd {
  /** Null where nothing can be read. */
  readonly moment: Moment | null;
  readonly wasRead: boolean;
  readonly monotonicNs: bigint;
  /** Null where no GPU can be read. */
  readonly gpu: Promise<GpuEnergyFigures | null> | null;
}

/** Energy of the whole process over a span. */
export function energyOfSpan(
  reading: SpanReading | null,
  measured: MeasuredProcess | null,
  whyNothing: string,
): EnergyFigures {
  if (measured === null || reading === null) return unknownEnergy(whyNothing);
  const { totals, gaps, failure } = reading;
  if (failure !== null) return unknownEnergy(failure, gaps);
  return energyFigures(measured.own.source, totals, measured.baseline, gaps, measured.host);
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
