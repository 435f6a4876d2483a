import { join } from "node:path";
import { secondsFromTicks } from "./clock-tick.ts";
import { readKernelFile, unexpectedContent } from "./kernel-file.ts";
import { parseCount } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

/** CPU seconds since boot, summed over all CPUs, with a resolution of 10 ms. */
export interface CpuTimes {
  /** Spent by processes and the kernel: user, nice, system, irq and softirq. Guests that this host runs are inside user. */
  readonly busySeconds: number;
  readonly idleSeconds: number;
  readonly iowaitSeconds: number;
  /** Taken by the hypervisor for others: nobody's on this host. */
  readonly stealSeconds: number;
  /** CPUs that are online now. */
  readonly logicalCpuCount: number;
}

/** Reads /proc/stat. Throws HOST_UNREADABLE when it is missing or malformed. */
export function readCpuTimes(roots: Pick<HostRoots, "proc">): CpuTimes {
  const path = join(roots.proc, "stat");
  const times = parseCpuTimes(readKernelFile(path));
  if (times === null) throw unexpectedContent(path, "the CPU times that proc(5) describes");
  return times;
}

/**
 * The "cpu" line is `user nice system idle iowait irq softirq steal guest guest_nice` (proc(5), "/proc/stat"); guest and
 * guest_nice repeat what user and nice hold already.
 */
export function parseCpuTimes(text: string): CpuTimes | null {
  const lines = text.split("\n");
  const total = lines.find((line) => line.startsWith("cpu "));
  if (total === undefined) return null;
  const ticks = total.trim().split(/\s+/).slice(1).map(parseCount);
  const [user, nice, system, idle, iowait, irq, softirq, steal] = ticks.map((value) => value ?? Number.NaN);
  if (steal === undefined || user === undefined || nice === undefined || system === undefined) return null;
  if (idle === undefined || iowait === undefined || irq === undefined || softirq === undefined) return null;
  const busy = user + nice + system + irq + softirq;
  if (!Number.isFinite(busy + idle + iowait + steal)) return null;
  const logicalCpuCount = lines.filter((line) => /^cpu\d+ /.test(line)).length;
  if (logicalCpuCount === 0) return null;
  return {
    busySeconds: secondsFromTicks(busy),
    idleSeconds: secondsFromTicks(idle),
    iowaitSeconds: secondsFromTicks(iowait),
    stealSeconds: secondsFromTicks(steal),
    logicalCpuCount,
  };
}
