import { join } from "node:path";
import { readOptionalKernelFile } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

/** The host's name as the kernel has it; in a container this is the container's. Null where it cannot be read. */
export function readHostname(roots: Pick<HostRoots, "proc">): string | null {
  return readOptionalKernelFile(join(roots.proc, "sys", "kernel", "hostname")) || null;
}
