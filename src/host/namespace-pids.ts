import { join } from "node:path";
import { parseCount, readOptionalKernelFile } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

/**
 * The numbers that a process has, from the pid namespace of this /proc inwards (NSpid of /proc/PID/status, proc(5)); empty when the
 * process is gone or may not be seen.
 */
export function readNamespacePids(roots: Pick<HostRoots, "proc">, pid: number): readonly number[] {
  const status = readOptionalKernelFile(join(roots.proc, String(pid), "status"));
  if (status === null) return [];
  const numbers = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [String(pid)];
  return numbers.map(parseCount).filter((number) => number !== null);
}
