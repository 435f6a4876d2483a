import { join } from "node:path";
import { expect, test } from "vitest";
import { readOnlineCpus } from "../../src/host/online-cpus.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

function placeCpu(roots: HostRoots, cpu: number, packageId: string, dieId?: string): void {
  const topology = join(roots.sys, "devices/system/cpu", `cpu${cpu}`, "topology");
  writeKernelFile(join(topology, "physical_package_id"), `${packageId}\n`);
  if (dieId !== undefined) writeKernelFile(join(topology, "die_id"), `${dieId}\n`);
}

test("online CPUs are listed lowest first, with their package and die", () => {
  const roots = kernelTree();
  for (const cpu of [10, 2, 0]) placeCpu(roots, cpu, cpu === 10 ? "1" : "0", "0");
  expect(readOnlineCpus(roots)).toEqual([
    { cpu: 0, packageId: 0, dieId: 0 },
    { cpu: 2, packageId: 0, dieId: 0 },
    { cpu: 10, packageId: 1, dieId: 0 },
  ]);
});

test("a CPU that the kernel lists as offline is left out, although its directory is there", () => {
  const roots = kernelTree();
  for (const cpu of [0, 1, 2, 3]) placeCpu(roots, cpu, "0");
  writeKernelFile(join(roots.sys, "devices/system/cpu/online"), "0,2-3\n");
  expect(readOnlineCpus(roots).map(({ cpu }) => cpu)).toEqual([0, 2, 3]);
});

test("a die that old kernels do not tell, or tell as -1, is unknown; so is a CPU without a package", () => {
  const roots = kernelTree();
  placeCpu(roots, 0, "0");
  placeCpu(roots, 1, "0", "-1");
  placeCpu(roots, 2, "-1");
  expect(readOnlineCpus(roots)).toEqual([
    { cpu: 0, packageId: 0, dieId: null },
    { cpu: 1, packageId: 0, dieId: null },
  ]);
});

test("where the kernel shows no CPUs there are none", () => {
  expect(readOnlineCpus(kernelTree())).toEqual([]);
});
