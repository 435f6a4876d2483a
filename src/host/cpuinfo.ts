import { join } from "node:path";
import { type CpuInfo, parseCpuInfo } from "./cpuinfo-text.ts";
import { readKernelFile, unexpectedContent } from "./kernel-file.ts";
import type { HostRoots } from "./roots.ts";

export type { CpuInfo } from "./cpuinfo-text.ts";

/** Reads /proc/cpuinfo. Throws HOST_UNREADABLE when it is missing or names no CPU. */
export function readCpuInfo(roots: Pick<HostRoots, "proc">): CpuInfo {
  const path = join(roots.proc, "cpuinfo");
  const info = parseCpuInfo(readKernelFile(path));
  if (info === null) throw unexpectedContent(path, "one block of lines for each CPU");
  return info;
}
