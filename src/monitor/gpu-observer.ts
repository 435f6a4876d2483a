import { type GpuUse, readGpus } from "../host/gpu.ts";
import type { HostRoots } from "../host/roots.ts";

interface Observed {
  readonly last: GpuUse;
  readonly busyPercentSum: number;
  readonly busyCount: number;
  readonly peakMemoryBytes: number | null;
}

/** GPU use over a span: the mean of the busy percentages that were sampled, and the largest memory in use. */
export class GpuObserver {
  readonly #roots: HostRoots;
  readonly #observed = new Map<string, Observed>();

  constructor(roots: HostRoots) {
    this.#roots = roots;
  }

  sample(): void {
    for (const gpu of readGpus(this.#roots)) {
      const before = this.#observed.get(gpu.id);
      this.#observed.set(gpu.id, {
        last: gpu,
        busyPercentSum: (before?.busyPercentSum ?? 0) + (gpu.busyPercent ?? 0),
        busyCount: (before?.busyCount ?? 0) + (gpu.busyPercent === null ? 0 : 1),
        peakMemoryBytes: larger(before?.peakMemoryBytes ?? null, gpu.memoryUsedBytes),
      });
    }
  }

  /** Every GPU that was seen; what no sample could read is null. */
  get use(): readonly GpuUse[] {
    return [...this.#observed.values()].map(({ last, busyPercentSum, busyCount, peakMemoryBytes }) => ({
      ...last,
      busyPercent: busyCount === 0 ? null : busyPercentSum / busyCount,
      memoryUsedBytes: peakMemoryBytes,
    }));
  }
}

function larger(left: number | null, right: number | null): number | null {
  if (left === null) return right;
  return right === null ? left : Math.max(left, right);
}
