import { join } from "node:path";
import { expect, test } from "vitest";
import { readPackageCount } from "../../src/host/topology.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

test("packages are counted once, however many CPUs they have", () => {
  const roots = kernelTree();
  for (const [cpu, packageId] of [0, 0, 3, 3].entries()) {
    writeKernelFile(join(roots.sys, `devices/system/cpu/cpu${cpu}/topology/physical_package_id`), `${packageId}\n`);
  }
  writeKernelFile(join(roots.sys, "devices/system/cpu/cpufreq/policy0"), "");
  expect(readPackageCount(roots)).toBe(2);
});

test("a kernel that does not say (-1, or no file) gives null", () => {
  const roots = kernelTree();
  expect(readPackageCount(roots)).toBeNull();
  writeKernelFile(join(roots.sys, "devices/system/cpu/cpu0/topology/physical_package_id"), "-1\n");
  expect(readPackageCount(roots)).toBeNull();
});
