import type { GpuUse } from "../host/gpu.ts";
import { type SnakeJson, toSnakeCase } from "../snake-case.ts";
import { joulesFromWattHours } from "../units.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import type { TaskFigures } from "./task-figures.ts";

export interface MetricCpu {
  /** CPU seconds of this process and its children over the span. */
  readonly taskCpuSeconds: number | null;
  /** CPU seconds of the whole host over the span. */
  readonly hostBusyCpuSeconds: number | null;
  readonly logicalCpuCount: number | null;
  /** Busy share of all the host's CPUs over the span, in percent. */
  readonly cpuPercent: number | null;
}

export interface MetricMemory {
  readonly processResidentBytes: number;
  readonly hostTotalBytes: number | null;
  readonly hostAvailableBytes: number | null;
}

export interface MetricFields {
  readonly operation: string;
  /** ISO 8601, UTC. */
  readonly timestampStart: string;
  readonly timestampEnd: string;
  /** By the monotonic clock. */
  readonly durationSeconds: number;
  readonly energy: EnergyFigures;
  readonly cpu: MetricCpu;
  readonly memory: MetricMemory;
  readonly gpu: readonly GpuUse[];
  /**
   * Other tasks of this logger were open at the same time. `energy` is then this task's own (for `logMetrics`: the whole process's, tasks
   * included); where it is false, the span had the process for itself and is charged with all of it. Energy of GPUs is the process's always.
   */
  readonly overlapped: boolean;
  /** What the task had of the process by itself; null for `logMetrics`. */
  readonly task: TaskFigures | null;
  readonly additionalInfo: Readonly<Record<string, unknown>> | null;
}

/** What one span of an application took. `JSON.stringify` writes it in snake_case, with the Python original's names. */
export class EnergyMetric implements MetricFields {
  readonly operation: string;
  readonly timestampStart: string;
  readonly timestampEnd: string;
  readonly durationSeconds: number;
  readonly energy: EnergyFigures;
  readonly cpu: MetricCpu;
  readonly memory: MetricMemory;
  readonly gpu: readonly GpuUse[];
  readonly overlapped: boolean;
  readonly task: TaskFigures | null;
  readonly additionalInfo: Readonly<Record<string, unknown>> | null;

  constructor(fields: MetricFields) {
    this.operation = fields.operation;
    this.timestampStart = fields.timestampStart;
    this.timestampEnd = fields.timestampEnd;
    this.durationSeconds = fields.durationSeconds;
    this.energy = fields.energy;
    this.cpu = fields.cpu;
    this.memory = fields.memory;
    this.gpu = fields.gpu;
    this.overlapped = fields.overlapped;
    this.task = fields.task;
    this.additionalInfo = fields.additionalInfo;
  }

  /** Mean power of the host over the span, in watts; null when no energy was read or the span has no length. */
  get totalEstimatedPowerWatts(): number | null {
    if (this.energy.energyWhTotal === null || this.durationSeconds <= 0) return null;
    return joulesFromWattHours(this.energy.energyWhTotal) / this.durationSeconds;
  }

  toJSON(): SnakeJson {
    const { additionalInfo, task, ...own } = this;
    return toSnakeCase({
      ...own,
      totalEstimatedPowerWatts: this.totalEstimatedPowerWatts,
      task: task === null ? null : { ...task, labels: new Map(Object.entries(task.labels)) },
      additionalInfo: withNamesKept(additionalInfo),
    });
  }
}

/** Names in the user's own information are data, at every depth; what refers back to itself is cut there. */
function withNamesKept(value: unknown, around: readonly object[] = []): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Map) return value;
  if (around.includes(value)) return "[circular]";
  const inside = [...around, value];
  if (Array.isArray(value)) return value.map((member: unknown) => withNamesKept(member, inside));
  return new Map(Object.entries(value).map(([name, member]) => [name, withNamesKept(member, inside)]));
}
