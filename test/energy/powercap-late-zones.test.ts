import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPowercap } from "../../src/energy/powercap.ts";
import { listPowercapZones, type PowercapZone } from "../../src/energy/powercap-zones.ts";
import type { EnergyReading, EnergySource } from "../../src/energy/source.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import {
  energyFile,
  kernelTree,
  memoryZone,
  packageZone,
  setMicrojoules,
  writePowercap,
  type Zone,
} from "../support/kernel-tree.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";

interface Bench {
  readonly roots: HostRoots;
  readonly clock: ManualClock;
  readonly source: EnergySource;
}

function bench(zones: readonly Zone[]): Bench {
  const roots = kernelTree();
  writePowercap(roots, zones);
  const clock = manualClock();
  const relist = (): PowercapZone[] => listPowercapZones(join(roots.sys, "class", "powercap"), "intel");
  const source = openPowercap({ zones: relist(), relist, clock, cpu: null, hostname: "example" });
  onTestFinished(() => source.close());
  return { roots, clock, source };
}

/** The powercap tree anew, as a driver that was unloaded and loaded again lays it. */
function reload(roots: HostRoots, zones: readonly Zone[]): void {
  rmSync(join(roots.sys, "class"), { recursive: true, force: true });
  renameSync(join(roots.sys, "devices"), join(roots.sys, "gone"));
  rmSync(join(roots.sys, "gone"), { recursive: true });
  mkdirSync(join(roots.sys, "devices"));
  writePowercap(roots, zones);
}

function microjoulesOf(reading: EnergyReading, id: string): bigint | undefined {
  return reading.domains.find((domain) => domain.id === id)?.microjoules;
}

test("a package whose zone comes late is counted from then on, and a gap says that it was missing before", () => {
  const { roots, clock, source } = bench([packageZone(0)]);
  rmSync(join(roots.sys, "class"), { recursive: true });
  writePowercapAgain(roots, [packageZone(0), { ...packageZone(1), microjoules: 70_000_000n }]);
  clock.advanceSeconds(31);
  setMicrojoules(roots, "intel-rapl:0", 2_000_000n);
  expect(Number(source.read().hostMicrojoules)).toBeCloseTo(1e6, -3);
  expect(source.read().gaps).toBe(1);
  clock.advanceSeconds(1);
  setMicrojoules(roots, "intel-rapl:1", 90_000_000n);
  const reading = source.read();
  expect(Number(reading.hostMicrojoules)).toBeCloseTo(21e6, -3);
  expect(source.label).toContain("package-0, package-1");
});

/** Writes the zones over a tree that is there already. */
function writePowercapAgain(roots: HostRoots, zones: readonly Zone[]): void {
  rmSync(join(roots.sys, "devices"), { recursive: true });
  writePowercap(roots, zones);
}

test("a zone that appears beside the others is looked for every half minute, not at every reading", () => {
  const { roots, clock, source } = bench([packageZone(0)]);
  writePowercap(roots, [{ ...packageZone(0), microjoules: 5n }], "intel-rapl-mmio");
  clock.advanceSeconds(5);
  expect(source.read().domains).toHaveLength(1);
  clock.advanceSeconds(26);
  expect(source.read().domains).toHaveLength(2);
});

test("a copy that appears late is not counted beside the original", () => {
  const { roots, clock, source } = bench([packageZone(0)]);
  writePowercap(roots, [{ ...packageZone(0), microjoules: 500_000_000n }], "intel-rapl-mmio");
  clock.advanceSeconds(31);
  expect(source.read().domains.map(({ counted }) => counted)).toEqual([true, false]);
});

test("an original that appears late does not take the count away from the copy", () => {
  const roots = kernelTree();
  writePowercap(roots, [packageZone(0)], "intel-rapl-mmio");
  const clock = manualClock();
  const relist = (): PowercapZone[] => listPowercapZones(join(roots.sys, "class", "powercap"), "intel");
  const source = openPowercap({ zones: relist(), relist, clock, cpu: null, hostname: null });
  onTestFinished(() => source.close());
  writePowercap(roots, [{ ...packageZone(0), microjoules: 500_000_000n }]);
  setMicrojoules(roots, "intel-rapl-mmio:0", 21_000_000n);
  clock.advanceSeconds(31);
  const reading = source.read();
  expect(reading.domains.map(({ counted }) => counted)).toEqual([true, false]);
  expect(Number(reading.hostMicrojoules)).toBeCloseTo(20e6, -3);
});

test("a zone that is gone keeps what it has counted, and every reading without it is a gap", () => {
  const { roots, clock, source } = bench([packageZone(0, [memoryZone()])]);
  setMicrojoules(roots, "intel-rapl:0:0", 11_000_000n);
  clock.advanceSeconds(1);
  const before = source.read().hostMicrojoules;
  rmSync(join(roots.sys, "devices/virtual/powercap/intel-rapl/intel-rapl:0/intel-rapl:0:0"), { recursive: true });
  expect(source.read()).toMatchObject({ hostMicrojoules: before, gaps: 1 });
  expect(source.read()).toMatchObject({ hostMicrojoules: before, gaps: 2 });
});

test("when a driver is loaded again and deals out other indices, each zone is followed by its name", () => {
  const psys: Zone = { name: "psys", microjoules: 900_000_000n, range: packageZone(0).range };
  const { roots, clock, source } = bench([packageZone(0), psys]);
  reload(roots, [
    { ...psys, microjoules: 940_000_000n },
    { ...packageZone(0), microjoules: 31_000_000n },
  ]);
  clock.advanceSeconds(1);
  const reading = source.read();
  expect(Number(microjoulesOf(reading, "intel-rapl:0"))).toBeCloseTo(30e6, -3);
  expect(Number(microjoulesOf(reading, "intel-rapl:1"))).toBeCloseTo(40e6, -3);
  expect(Number(reading.hostMicrojoules)).toBeCloseTo(30e6, -3);
  expect(reading.gaps).toBe(0);
});

test("a file that was replaced by another zone's is not taken for the same counter", () => {
  const { roots, clock, source } = bench([packageZone(0), { ...packageZone(1), microjoules: 300_000_000n }]);
  rmSync(energyFile(roots, "intel-rapl:1"));
  writeFileSync(join(roots.sys, "class/powercap/intel-rapl:1/name"), "psys\n");
  setMicrojoules(roots, "intel-rapl:1", 310_000_000n);
  clock.advanceSeconds(1);
  source.read();
  clock.advanceSeconds(1);
  const reading = source.read();
  expect(microjoulesOf(reading, "intel-rapl:1")).toBe(0n);
  expect(reading.gaps).toBeGreaterThan(0);
});
