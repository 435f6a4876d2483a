import { join } from "node:path";
import { listKernelDirectory, readOptionalKernelFile } from "./optional-kernel-file.ts";
import type { HostRoots } from "./roots.ts";

/**
 * CPU packages (sockets) that the kernel shows, or null where it does not say (kernel Documentation/admin-guide/cputopology.rst).
 * A guest sees what its hypervisor declares, which need not be the hardware's.
 */
export function readPackageCount(roots: Pick<HostRoots, "sys">): number | null {
  const cpuDirectory = join(roots.sys, "devices", "system", "cpu");
  const packageIds = listKernelDirectory(cpuDirectory)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => readOptionalKernelFile(join(cpuDirectory, name, "topology", "physical_package_id")))
    .filter((id) => id !== null && /^\d+$/.test(id));
  return packageIds.length === 0 ? null : new Set(packageIds).size;
}
