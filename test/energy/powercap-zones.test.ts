import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listPowercapZones } from "../../src/energy/powercap-zones.ts";
import type { CpuVendor } from "../../src/host/cpu-identity.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import {
  amdRange,
  intelRange,
  kernelTree,
  memoryZone,
  packageZone,
  writePowercap,
  type Zone,
} from "../support/kernel-tree.ts";

function zone(name: string, children: readonly Zone[] = []): Zone {
  return { name, microjoules: 1n, range: intelRange, children };
}

function listed(roots: HostRoots, vendor: CpuVendor = "intel"): string[] {
  const zones = listPowercapZones(join(roots.sys, "class", "powercap"), vendor);
  return zones.map(({ id, name, counted }) => `${id} ${name}${counted ? " counted" : ""}`);
}

test("the host is its packages and their memory; cores, graphics and the platform rail are listed beside it", () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0, [zone("core"), zone("uncore"), memoryZone()]), zone("psys")]);
  expect(listed(roots)).toEqual([
    "intel-rapl:0 package-0 counted",
    "intel-rapl:0/intel-rapl:0:0 core",
    "intel-rapl:0/intel-rapl:0:1 uncore",
    "intel-rapl:0/intel-rapl:0:2 dram counted",
    "intel-rapl:1 psys",
  ]);
});

test("zones are known by their name: the platform rail may stand between the packages", () => {
  const roots = kernelTree();
  writePowercap(roots, [zone("psys"), packageZone(1, [memoryZone()]), zone("psys-1"), packageZone(0, [memoryZone()])]);
  expect(listed(roots).filter((line) => line.endsWith("counted"))).toEqual([
    "intel-rapl:1 package-1 counted",
    "intel-rapl:1/intel-rapl:1:0 dram counted",
    "intel-rapl:3 package-0 counted",
    "intel-rapl:3/intel-rapl:3:0 dram counted",
  ]);
});

test("ids are hexadecimal: the eleventh package and those after it are found, in order", () => {
  const roots = kernelTree();
  writePowercap(
    roots,
    Array.from({ length: 18 }, (_, index) => packageZone(index)),
  );
  const lines = listed(roots);
  expect(lines).toHaveLength(18);
  expect(lines[10]).toBe("intel-rapl:a package-10 counted");
  expect(lines[17]).toBe("intel-rapl:11 package-17 counted");
});

test("the memory-mapped copy of a package is listed, not counted a second time", () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0)]);
  writePowercap(roots, [packageZone(0, [memoryZone()])], "intel-rapl-mmio");
  expect(listed(roots)).toEqual([
    "intel-rapl:0 package-0 counted",
    "intel-rapl-mmio:0 package-0",
    "intel-rapl-mmio:0/intel-rapl-mmio:0:0 dram counted",
  ]);
});

test("dies of an AMD package show one counter, and it is counted once", () => {
  const roots = kernelTree();
  writePowercap(roots, [
    { name: "package-0-die-0", microjoules: 5n, range: amdRange },
    { name: "package-0-die-1", microjoules: 5n, range: amdRange },
    { name: "package-1-die-0", microjoules: 9n, range: amdRange },
  ]);
  expect(listed(roots, "amd")).toEqual([
    "intel-rapl:0 package-0-die-0 counted",
    "intel-rapl:1 package-0-die-1",
    "intel-rapl:2 package-1-die-0 counted",
  ]);
});

test("dies of an Intel package have counters of their own", () => {
  const roots = kernelTree();
  writePowercap(roots, [zone("package-0-die-0", [memoryZone()]), zone("package-0-die-1", [memoryZone()])]);
  expect(listed(roots, "intel").every((line) => line.endsWith("counted"))).toBe(true);
});

test("other control types, unknown names and links that lead nowhere are left out", () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0), zone("something-new")]);
  writePowercap(roots, [zone("package-0")], "dtpm");
  symlinkSync("/nonexistent", join(roots.sys, "class", "powercap", "intel-rapl:9"));
  expect(listed(roots)).toEqual(["intel-rapl:0 package-0 counted"]);
});

test("a tree that is nested below the class directory, without links, is read too", () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0, [memoryZone()])]);
  const classDirectory = join(roots.sys, "class", "powercap");
  rmSync(classDirectory, { recursive: true });
  mkdirSync(classDirectory);
  symlinkSync(join(roots.sys, "devices/virtual/powercap/intel-rapl"), join(classDirectory, "intel-rapl"));
  expect(listed(roots)).toHaveLength(2);
});

test("a zone without a range has none, instead of 0", () => {
  const roots = kernelTree();
  writePowercap(roots, [{ name: "package-0", microjoules: 1n, range: null }]);
  const [found] = listPowercapZones(join(roots.sys, "class", "powercap"), "intel");
  expect(found?.rangeMicrojoules).toBeNull();
});

test("a host without powercap has no zones", () => {
  expect(listed(kernelTree())).toEqual([]);
});
