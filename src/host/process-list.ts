import { join } from "node:path";
import { listKernelDirectory, parseCount, readOptionalKernelFile } from "./optional-kernel-file.ts";
import { parseProcessStat } from "./process.ts";
import type { HostRoots } from "./roots.ts";

export interface ListedProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** Clock ticks since boot: pid and start together name one process. */
  readonly startTicks: number;
  /** The command's name as the kernel keeps it, at most 15 bytes; any bytes but a NUL may be in it. */
  readonly name: string;
  /** CPU seconds of all its threads, ended ones too; resolution 10 ms. */
  readonly ownCpuSeconds: number;
  /** CPU seconds of children that ended and were waited for, with theirs. */
  readonly reapedChildrenCpuSeconds: number;
}

/**
 * Every process that this user can see, zombies included (with hidepid, only the user's own). One that ends during the call
 * may be missing.
 */
export function listProcesses(roots: Pick<HostRoots, "proc">): ListedProcess[] {
  return listKernelDirectory(roots.proc).flatMap((directoryName) => {
    if (parseCount(directoryName) === null) return [];
    const line = readOptionalKernelFile(join(roots.proc, directoryName, "stat"));
    const stat = line === null ? null : parseProcessStat(line);
    if (line === null || stat === null) return [];
    const { pid, parentPid, startTicks, ownCpuSeconds, reapedChildrenCpuSeconds } = stat;
    const name = line.slice(line.indexOf("(") + 1, line.lastIndexOf(")"));
    return [{ pid, parentPid, startTicks, name, ownCpuSeconds, reapedChildrenCpuSeconds }];
  });
}
