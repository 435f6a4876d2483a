import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cgroupMount, readCgroupCpu } from "../../src/host/cgroup.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

test("groups are listed parents first, with CPU seconds to the microsecond", () => {
  const mount = join(kernelTree().sys, "fs", "cgroup");
  writeKernelFile(join(mount, "cpu.stat"), "usage_usec 2000001\nuser_usec 1\nsystem_usec 2\n");
  writeKernelFile(join(mount, "a", "b", "cpu.stat"), "usage_usec 3\n");
  writeKernelFile(join(mount, "a", "cpu.stat"), "usage_usec 1500000\nnr_periods 7\n");
  expect(readCgroupCpu(mount)).toEqual([
    { path: "/", parentPath: null, cpuSeconds: 2.000001 },
    { path: "/a", parentPath: "/", cpuSeconds: 1.5 },
    { path: "/a/b", parentPath: "/a", cpuSeconds: 0.000003 },
  ]);
});

test("a group that goes away or says something else is left out", () => {
  const mount = join(kernelTree().sys, "fs", "cgroup");
  writeKernelFile(join(mount, "cpu.stat"), "usage_usec 10\n");
  mkdirSync(join(mount, "empty"));
  writeKernelFile(join(mount, "odd", "cpu.stat"), "usage_usec many\n");
  expect(readCgroupCpu(mount).map(({ path }) => path)).toEqual(["/"]);
  rmSync(mount, { recursive: true });
  expect(readCgroupCpu(mount)).toEqual([]);
});

test("version 1 alone is no version 2", () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.sys, "fs", "cgroup", "cpu", "cpu.shares"), "1024\n");
  expect(cgroupMount(roots)).toBeNull();
});
