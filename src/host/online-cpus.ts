import { join } from "node:path";
import { listKernelDirectory, parseCount, readOptionalKernelFile } from "./optional-kernel-file.ts";

/** Where an online logical CPU sits. */
export interface CpuPlace {
  readonly cpu: number;
  readonly packageId: number;
  /** Die inside the package; null where the kernel does not tell (before 5.2, or -1). */
  readonly dieId: number | null;
}

/**
 * The online CPUs whose place is known, lowest first. An offline CPU has no topology directory, and older kernels leave one behind:
 * the list in `online` decides where it can be read (kernel Documentation/admin-guide/cputopology.rst).
 */
export function readOnlineCpus(roots: { readonly sys: string }): CpuPlace[] {
  const cpuDirectory = join(roots.sys, "devices", "system", "cpu");
  const online = parseCpuList(readOptionalKernelFile(join(cpuDirectory, "online")) ?? "");
  return listKernelDirectory(cpuDirectory)
    .filter((name) => /^cpu\d{1,6}$/.test(name))
    .map((name) => Number(name.slice("cpu".length)))
    .filter((cpu) => online === null || online.some(([first, last]) => first <= cpu && cpu <= last))
    .toSorted((left, right) => left - right)
    .flatMap((cpu) => placeOf(cpuDirectory, cpu) ?? []);
}

function placeOf(cpuDirectory: string, cpu: number): CpuPlace | null {
  const topology = join(cpuDirectory, `cpu${cpu}`, "topology");
  const packageId = parseCount(readOptionalKernelFile(join(topology, "physical_package_id")) ?? "");
  if (packageId === null) return null;
  return { cpu, packageId, dieId: parseCount(readOptionalKernelFile(join(topology, "die_id")) ?? "") };
}

/** "0-3,8" as ranges; null for anything that is no such list. */
function parseCpuList(text: string): readonly (readonly [number, number])[] | null {
  if (!/^\d{1,6}(-\d{1,6})?(,\d{1,6}(-\d{1,6})?)*$/.test(text)) return null;
  return text.split(",").map((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return [first, last];
  });
}
