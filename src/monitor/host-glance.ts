import { type GpuUse, readGpus } from "../host/gpu.ts";
import { readMemory } from "../host/memory.ts";
import type { HostRoots } from "../host/roots.ts";
import { readCpuTimes } from "../host/stat.ts";

/** What a metric says of the host beside energy. */
export interface HostGlance {
  readonly logicalCpuCount: number | null;
  readonly hostTotalBytes: number | null;
  readonly hostAvailableBytes: number | null;
  readonly gpus: readonly GpuUse[];
}

export function glanceAtHost(roots: HostRoots): HostGlance {
  const memory = valueOrNull(() => readMemory(roots));
  return {
    logicalCpuCount: valueOrNull(() => readCpuTimes(roots).logicalCpuCount),
    hostTotalBytes: memory?.totalBytes ?? null,
    hostAvailableBytes: memory?.availableBytes ?? null,
    gpus: readGpus(roots),
  };
}

function valueOrNull<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch {
    return null;
  }
}
