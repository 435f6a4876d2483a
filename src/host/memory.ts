import { join } from "node:path";
import { readKernelFile, unexpectedContent } from "./kernel-file.ts";
import { parseCount } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

export interface HostMemory {
  readonly totalBytes: number;
  /** What new programs could use without swapping, as the kernel estimates it. */
  readonly availableBytes: number;
}

/** Reads /proc/meminfo. Throws HOST_UNREADABLE when it is missing or malformed. */
export function readMemory(roots: Pick<HostRoots, "proc">): HostMemory {
  const path = join(roots.proc, "meminfo");
  const memory = parseMemory(readKernelFile(path));
  if (memory === null) throw unexpectedContent(path, "MemTotal and MemAvailable in kB");
  return memory;
}

function parseMemory(text: string): HostMemory | null {
  const totalBytes = bytesOfField(text, "MemTotal");
  const availableBytes = bytesOfField(text, "MemAvailable");
  return totalBytes === null || availableBytes === null ? null : { totalBytes, availableBytes };
}

/**
 * Bytes of a line such as "MemTotal:   16384 kB", or null where there is none. The kernel's "kB" are 1024 bytes (kernel
 * Documentation/filesystems/proc.rst).
 */
export function bytesOfField(text: string, field: string): number | null {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${field}:`));
  const kibibytes = line === undefined ? null : (/^\S+\s+(\d+) kB$/.exec(line)?.[1] ?? null);
  const count = kibibytes === null ? null : parseCount(kibibytes);
  return count === null ? null : count * 1024;
}
