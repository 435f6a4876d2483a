import { rmSync } from "node:fs";
import { join } from "node:path";
import type { HostRoots } from "../../src/host/roots.ts";
import { writeKernelFile } from "./kernel-tree.ts";

export interface PlantedProcess {
  readonly pid: number;
  readonly parentPid?: number;
  readonly startTicks?: number;
  readonly name?: string;
  /** CPU time in ticks of 10 ms: its own, and that of children it waited for. */
  readonly own?: number | string;
  readonly reaped?: number;
}

/** Writes /proc/PID/stat. */
export function writeProcess(roots: HostRoots, planted: PlantedProcess): void {
  writeKernelFile(statFile(roots, planted.pid), statLine(planted));
}

export function statFile(roots: HostRoots, pid: number): string {
  return join(roots.proc, String(pid), "stat");
}

/** As proc(5) describes it. */
export function statLine(planted: PlantedProcess): string {
  const { pid, parentPid = 1, startTicks = pid, name = "worker", own = 0, reaped = 0 } = planted;
  return `${pid} (${name}) S ${parentPid} ${pid} ${pid} 0 -1 0 0 0 0 0 ${own} 0 ${reaped} 0 20 0 1 0 ${startTicks} 0 0\n`;
}

export function removeProcess(roots: HostRoots, pid: number): void {
  rmSync(join(roots.proc, String(pid)), { recursive: true });
}
