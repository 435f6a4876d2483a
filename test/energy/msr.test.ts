import { rmSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { openMsr } from "../../src/energy/msr.ts";
import type { EnergySource } from "../../src/energy/source.ts";
import { type CpuInfo, readCpuInfo } from "../../src/host/cpuinfo.ts";
import { type ProcContents, writeProc } from "../support/kernel-tree.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";
import {
  failReading,
  type MsrRoots,
  msrRoots,
  placeCpus,
  registerFile,
  setRegisters,
  takeOffline,
} from "../support/msr-tree.ts";

const unit = 0x606;
const packageEnergy = 0x611;
const memoryEnergy = 0x619;
const coreEnergy = 0x639;
const platformEnergy = 0x64d;
const filter = 0xbc;
/** 2^-14 J a count. */
const usualUnit = 0xa0e03n;
const countsOfJoule = 2n ** 14n;

/** A client processor, whose memory counts the normal unit. */
const client: ProcContents = { model: 151 };

function rootsWith(packages: readonly number[], proc: ProcContents = client, dies: readonly number[] = []): MsrRoots {
  const roots = msrRoots();
  writeProc(roots, proc);
  placeCpus(roots, packages, dies);
  return roots;
}

interface Opened {
  readonly source: EnergySource;
  readonly clock: ManualClock;
}

function open(roots: MsrRoots, cpus?: readonly number[]): Opened {
  const clock = manualClock();
  const cpu: CpuInfo = readCpuInfo(roots);
  const request = { msrRoot: roots.msr, sysRoot: roots.sys, clock, cpu, hostname: "example" };
  const source = openMsr(cpus === undefined ? request : { ...request, cpus });
  onTestFinished(() => source.close());
  return { source, clock };
}

test("the host is packages plus memory; cores and the platform rail are shown, and not added", () => {
  const roots = rootsWith([0, 0]);
  const start = { [unit]: usualUnit, [packageEnergy]: 5n, [memoryEnergy]: 6n, [coreEnergy]: 7n, [platformEnergy]: 8n };
  setRegisters(roots, 0, start);
  const { source, clock } = open(roots);
  clock.advanceSeconds(1);
  setRegisters(roots, 0, {
    [packageEnergy]: 5n + 50n * countsOfJoule,
    [memoryEnergy]: 6n + 10n * countsOfJoule,
    [coreEnergy]: 7n + 40n * countsOfJoule,
    [platformEnergy]: 8n + 90n * countsOfJoule,
  });
  const reading = source.read();
  expect(reading.hostMicrojoules).toBe(60_000_000n);
  expect(reading.domains.map(({ id, counted, microjoules }) => [id, counted, microjoules])).toEqual([
    ["package-0", true, 50_000_000n],
    ["package-0/dram", true, 10_000_000n],
    ["package-0/core", false, 40_000_000n],
    ["psys", false, 90_000_000n],
  ]);
  expect(source).toMatchObject({ id: "msr", provenance: "measured", label: "RAPL package-0 + dram through MSR" });
});

test("a register that reads 0, as those of another model do, is no domain", () => {
  const roots = rootsWith([0]);
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1n });
  expect(
    open(roots)
      .source.read()
      .domains.map(({ kind }) => kind),
  ).toEqual(["package"]);
  expect(open(roots).source.label).toContain("no memory counter");
});

test("each package is read through one CPU, however many there are and may be read", () => {
  const roots = rootsWith([0, 0, 1, 1]);
  for (const cpu of [0, 1]) setRegisters(roots, cpu, { [unit]: usualUnit, [packageEnergy]: 100n });
  for (const cpu of [2, 3]) setRegisters(roots, cpu, { [unit]: usualUnit, [packageEnergy]: 70_000_000n });
  const { source, clock } = open(roots, [0, 1, 2, 3]);
  clock.advanceSeconds(1);
  for (const cpu of [0, 1]) setRegisters(roots, cpu, { [packageEnergy]: 100n + 20n * countsOfJoule });
  for (const cpu of [2, 3]) setRegisters(roots, cpu, { [packageEnergy]: 70_000_000n + 30n * countsOfJoule });
  expect(source.read()).toMatchObject({ hostMicrojoules: 50_000_000n, gaps: 0 });
});

test("dies of an Intel package have counters of their own", () => {
  const roots = rootsWith([0, 0], client, [0, 1]);
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1n });
  setRegisters(roots, 1, { [unit]: usualUnit, [packageEnergy]: 90_000_000n });
  const ids = open(roots)
    .source.read()
    .domains.map(({ id }) => id);
  expect(ids).toEqual(["package-0-die-0", "package-0-die-1"]);
});

test("when the CPU goes offline, another one of the package goes on counting where it left off", () => {
  const roots = rootsWith([0, 0]);
  for (const cpu of [0, 1]) setRegisters(roots, cpu, { [unit]: usualUnit, [packageEnergy]: 1000n });
  const { source, clock } = open(roots);
  takeOffline(roots, 0, [1]);
  clock.advanceSeconds(1);
  setRegisters(roots, 1, { [packageEnergy]: 1000n + 25n * countsOfJoule });
  expect(source.read()).toMatchObject({ hostMicrojoules: 25_000_000n, gaps: 0 });
});

test("a package without any CPU online is a gap of its own, and the others go on", () => {
  const roots = rootsWith([0, 1]);
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1000n });
  setRegisters(roots, 1, { [unit]: usualUnit, [packageEnergy]: 90_000_000n });
  const { source, clock } = open(roots);
  takeOffline(roots, 1, [0]);
  clock.advanceSeconds(1);
  setRegisters(roots, 0, { [packageEnergy]: 1000n + 25n * countsOfJoule });
  expect(source.read()).toMatchObject({ hostMicrojoules: 25_000_000n, gaps: 1 });
});

test("a package that fails from the start makes the total a lower bound, and is not left out in silence", () => {
  const roots = rootsWith([0, 1]);
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1000n });
  failReading(roots, 1);
  expect(open(roots).source.read().gaps).toBeGreaterThan(0);
});

test("when it can be read, it counts in the same unit as its neighbour", () => {
  const roots = rootsWith([0, 1]);
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1000n });
  failReading(roots, 1);
  const { source, clock } = open(roots);
  rmSync(registerFile(roots, 1));
  setRegisters(roots, 1, { [unit]: usualUnit, [packageEnergy]: 90_000_000n });
  source.read();
  clock.advanceSeconds(1);
  setRegisters(roots, 1, { [packageEnergy]: 90_000_000n + 25n * countsOfJoule });
  expect(source.read().hostMicrojoules).toBe(25_000_000n);
});

test("AMD's register above 2^31 is read, its upper half is not counted, and a wrap loses nothing", () => {
  const roots = rootsWith([0], { vendorId: "AuthenticAMD", family: 25, model: 17 });
  const upperHalf = 0x1234n << 32n;
  setRegisters(roots, 0, { 3221291673: 0xa1003n, 3221291675: upperHalf + 0xffff_fff0n });
  const { source, clock } = open(roots);
  clock.advanceSeconds(1);
  setRegisters(roots, 0, { 3221291675: upperHalf + 65_520n });
  expect(source.read()).toMatchObject({ hostMicrojoules: 1_000_000n, domains: [{ wraps: 1, gaps: 0 }] });
});

test("energy filtering is published in the label, and makes the source less sure", () => {
  const roots = rootsWith([0]);
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1n });
  const plain = open(roots).source;
  setRegisters(roots, 0, { [filter]: 1n });
  const filtered = open(roots).source;
  expect(plain.label).not.toContain("filtering");
  expect(filtered.label).toContain("energy filtering is on");
  expect(filtered.uncertainty.gainLnSigma).toBeGreaterThan(plain.uncertainty.gainLnSigma);
});

test("a guest's registers are called virtualised, and estimated", () => {
  const roots = rootsWith([0], { ...client, isGuest: true });
  setRegisters(roots, 0, { [unit]: usualUnit, [packageEnergy]: 1n });
  const { source } = open(roots);
  expect(source.provenance).toBe("estimated");
  expect(source.label).toContain("virtualised counter");
});

test.each([
  ["whose unit reads 0", (roots: MsrRoots) => setRegisters(roots, 0, { [packageEnergy]: 7n })],
  ["whose reading fails", (roots: MsrRoots) => failReading(roots, 0)],
  ["that is not there", (roots: MsrRoots) => rmSync(registerFile(roots, 0), { force: true })],
])("a register %s opens no source", (_, prepare) => {
  const roots = rootsWith([0]);
  prepare(roots);
  expect(() => open(roots)).toThrow(expect.objectContaining({ code: "ENERGY_READ_FAILED" }));
});
