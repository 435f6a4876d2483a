import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CgroupCpuMeter } from "../../src/attribution/cgroup-cpu.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

const mountOf = (roots: HostRoots) => join(roots.sys, "fs", "cgroup");

function writeUsage(roots: HostRoots, path: string, microseconds: number): void {
  writeKernelFile(join(mountOf(roots), path, "cpu.stat"), `usage_usec ${microseconds}\nuser_usec 0\nsystem_usec 0\n`);
}

function hierarchy(): HostRoots {
  const roots = kernelTree();
  writeKernelFile(join(mountOf(roots), "cgroup.controllers"), "cpu memory\n");
  writeUsage(roots, "/", 10_000_000);
  writeUsage(roots, "/system.slice", 4_000_000);
  writeUsage(roots, "/system.slice/web.service", 3_000_000);
  return roots;
}

test("a group is charged without those below it, so that no second counts twice", () => {
  const roots = hierarchy();
  const meter = new CgroupCpuMeter(roots);
  writeUsage(roots, "/", 12_000_000);
  writeUsage(roots, "/system.slice", 5_500_000);
  writeUsage(roots, "/system.slice/web.service", 4_000_000);
  expect(Object.fromEntries(meter.sample().cpuSecondsByConsumer)).toEqual({
    "/": expect.closeTo(0.5),
    "/system.slice": expect.closeTo(0.5),
    "/system.slice/web.service": expect.closeTo(1),
  });
});

test("a group that was removed leaves its last moments to its parent, and is no consumer any more", () => {
  const roots = hierarchy();
  const meter = new CgroupCpuMeter(roots);
  rmSync(join(mountOf(roots), "system.slice", "web.service"), { recursive: true });
  writeUsage(roots, "/", 10_200_000);
  writeUsage(roots, "/system.slice", 4_200_000);
  const use = meter.sample();
  expect(use.cpuSecondsByConsumer.get("/system.slice")).toBeCloseTo(0.2);
  expect([...use.names.keys()]).toEqual(["/", "/system.slice"]);
});

test("a new group is charged from its making, and one made anew under the same name too", () => {
  const roots = hierarchy();
  const meter = new CgroupCpuMeter(roots);
  writeUsage(roots, "/", 10_900_000);
  writeUsage(roots, "/batch", 700_000);
  writeUsage(roots, "/system.slice", 4_200_000);
  writeUsage(roots, "/system.slice/web.service", 200_000);
  const use = meter.sample();
  expect(use.cpuSecondsByConsumer.get("/batch")).toBeCloseTo(0.7);
  expect(use.cpuSecondsByConsumer.get("/system.slice/web.service")).toBeCloseTo(0.2);
});

test("a hybrid host has its version 2 tree at unified, and is found there", () => {
  const roots = kernelTree();
  writeKernelFile(join(mountOf(roots), "cpu", "cpu.shares"), "1024\n");
  writeKernelFile(join(mountOf(roots), "unified", "cgroup.controllers"), "\n");
  writeUsage(roots, "/unified", 1_000_000);
  const meter = new CgroupCpuMeter(roots);
  writeUsage(roots, "/unified", 1_500_000);
  expect([...meter.sample().cpuSecondsByConsumer]).toEqual([["/", expect.closeTo(0.5)]]);
});

test("without control groups of version 2 it says so and what to do", () => {
  expect(() => new CgroupCpuMeter(kernelTree())).toThrow(/holds no control groups of version 2; leave out --cgroups/);
});
