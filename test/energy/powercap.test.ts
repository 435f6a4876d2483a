import { realpathSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPowercap } from "../../src/energy/powercap.ts";
import { listPowercapZones } from "../../src/energy/powercap-zones.ts";
import type { EnergyReading, EnergySource } from "../../src/energy/source.ts";
import { readCpuInfo } from "../../src/host/cpuinfo.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import {
  energyFile,
  intelRange,
  kernelTree,
  memoryZone,
  type ProcContents,
  packageZone,
  setMicrojoules,
  writePowercap,
  writeProc,
  type Zone,
} from "../support/kernel-tree.ts";
import { type ManualClock, manualClock } from "../support/manual-clock.ts";

interface Bench {
  readonly roots: HostRoots;
  readonly clock: ManualClock;
  readonly source: EnergySource;
  /** One second later: the counters as given, and what the source then reads. */
  readonly secondLater: (counters: Readonly<Record<string, bigint>>) => EnergyReading;
}

function bench(zones: readonly Zone[], proc: ProcContents = {}): Bench {
  const roots = kernelTree();
  writeProc(roots, proc);
  writePowercap(roots, zones);
  const clock = manualClock();
  const cpu = readCpuInfo(roots);
  const listed = listPowercapZones(join(roots.sys, "class", "powercap"), cpu.vendor);
  const source = openPowercap({ zones: listed, clock, cpu, hostname: "example" });
  onTestFinished(() => source.close());
  return {
    roots,
    clock,
    source,
    secondLater: (counters) => {
      clock.advanceSeconds(1);
      for (const [zoneName, microjoules] of Object.entries(counters)) setMicrojoules(roots, zoneName, microjoules);
      return source.read();
    },
  };
}

function shown(reading: EnergyReading): Record<string, bigint> {
  return Object.fromEntries(reading.domains.map(({ id, microjoules }) => [id, microjoules]));
}

test("what the counters showed before opening is not consumption", () => {
  const { source } = bench([packageZone(0)]);
  expect(source.read()).toMatchObject({ hostMicrojoules: 0n, gaps: 0 });
});

test("the host's energy is packages plus memory; parts of a package are shown, and not added", () => {
  const core: Zone = { name: "core", microjoules: 1_000_000n, range: intelRange };
  const { secondLater } = bench([packageZone(0, [core, memoryZone()]), packageZone(1)]);
  const reading = secondLater({
    "intel-rapl:0": 101_000_000n,
    "intel-rapl:0:0": 81_000_000n,
    "intel-rapl:0:1": 21_000_000n,
    "intel-rapl:1": 51_000_000n,
  });
  const domains = shown(reading);
  expect(Number(domains["intel-rapl:0"])).toBeCloseTo(100e6, -3);
  expect(Number(domains["intel-rapl:0/intel-rapl:0:0"])).toBeCloseTo(80e6, -3);
  expect(Number(reading.hostMicrojoules)).toBeCloseTo(170e6, -3);
  const counted = reading.domains.filter((domain) => domain.counted);
  expect(counted.reduce((sum, { microjoules }) => sum + microjoules, 0n)).toBe(reading.hostMicrojoules);
});

test("a wrap loses nothing: 100 J across the end of the range are 100 J", () => {
  const start = intelRange - 40_000_000n;
  const { secondLater } = bench([{ name: "package-0", microjoules: start, range: intelRange }]);
  const reading = secondLater({ "intel-rapl:0": 60_000_000n - 61n });
  expect(Number(reading.hostMicrojoules)).toBeGreaterThan(100e6 - 62);
  expect(Number(reading.hostMicrojoules)).toBeLessThan(100e6 + 62);
  expect(reading.domains[0]).toMatchObject({ wraps: 1, gaps: 0 });
});

test("one zone that fails is a gap of its own, and the others go on", () => {
  const { roots, secondLater } = bench([packageZone(0), { ...packageZone(1), microjoules: 21_000_000n }]);
  rmSync(energyFile(roots, "intel-rapl:1"));
  const reading = secondLater({ "intel-rapl:0": 31_000_000n });
  expect(Number(reading.hostMicrojoules)).toBeCloseTo(30e6, -3);
  expect(reading.gaps).toBe(1);
  expect(reading.domains.map(({ gaps }) => gaps)).toEqual([0, 1]);
});

test("garbage in a counter is a failed reading, never 0 and never consumption", () => {
  const { source, clock, roots, secondLater } = bench([packageZone(0), packageZone(1)]);
  secondLater({ "intel-rapl:0": 2_000_000n, "intel-rapl:1": 2_000_000n });
  setMicrojoules(roots, "intel-rapl:1", -5n);
  clock.advanceSeconds(1);
  const reading = source.read();
  expect(Number(reading.domains[1]?.microjoules)).toBeCloseTo(1e6, -3);
  expect(reading.domains[1]?.gaps).toBe(1);
});

test("a zone that vanishes and comes back has lost no energy, only a reading", () => {
  const { roots, secondLater } = bench([packageZone(0), { ...packageZone(1), microjoules: 21_000_000n }]);
  rmSync(energyFile(roots, "intel-rapl:1"));
  secondLater({ "intel-rapl:0": 2_000_000n });
  const reading = secondLater({ "intel-rapl:0": 3_000_000n, "intel-rapl:1": 71_000_000n });
  expect(Number(reading.domains[1]?.microjoules)).toBeCloseTo(50e6, -3);
  expect(reading.gaps).toBe(1);
});

test("gaps of domains that are not part of the host do not make its total a lower bound", () => {
  const core: Zone = { name: "core", microjoules: 1_000_000n, range: intelRange };
  const { roots, secondLater } = bench([packageZone(0, [core])]);
  rmSync(energyFile(roots, "intel-rapl:0:0"));
  const reading = secondLater({ "intel-rapl:0": 2_000_000n });
  expect(reading.gaps).toBe(0);
  expect(reading.domains[1]?.gaps).toBe(1);
});

test("a package that stands still for seconds is no host without power, but a gap; its memory may stand still", () => {
  const { secondLater } = bench([packageZone(0, [memoryZone()])]);
  secondLater({});
  secondLater({});
  const reading = secondLater({});
  expect(reading.domains.map(({ gaps }) => gaps)).toEqual([1, 0]);
});

test("when no counted zone can be read any more, reading fails", () => {
  const { roots, source } = bench([packageZone(0)]);
  rmSync(realpathSync(dirname(energyFile(roots, "intel-rapl:0"))), { recursive: true });
  expect(() => source.read()).toThrow(expect.objectContaining({ code: "ENERGY_READ_FAILED" }));
});

test("a zone that is unreadable at opening starts from its first good reading", () => {
  const { secondLater } = bench([packageZone(0), { name: "package-1", microjoules: -1n, range: intelRange }]);
  expect(secondLater({ "intel-rapl:0": 2_000_000n, "intel-rapl:1": 90_000_000n }).domains[1]?.microjoules).toBe(0n);
  const reading = secondLater({ "intel-rapl:0": 3_000_000n, "intel-rapl:1": 91_000_000n });
  expect(Number(reading.domains[1]?.microjoules)).toBeCloseTo(1e6, -3);
});

test("a physical machine's counters are measured, and the label names them", () => {
  const { source } = bench([packageZone(0, [memoryZone()])]);
  expect(source).toMatchObject({
    id: "powercap",
    provenance: "measured",
    boundary: "package_and_dram",
    idleWatts: null,
  });
  expect(source.label).toBe("RAPL package-0 + dram through powercap");
});

test("a guest's counter is called virtualised, is an estimate, and is trusted less", () => {
  const physical = bench([packageZone(0)]).source;
  const guest = bench([packageZone(0)], { isGuest: true }).source;
  expect(guest.provenance).toBe("estimated");
  expect(guest.label).toContain("virtualised counter");
  expect(guest.uncertainty.gainLnSigma).toBeGreaterThan(5 * physical.uncertainty.gainLnSigma);
});

test("AMD's counters, which a model in the processor computes, are trusted less than Intel's", () => {
  const intel = bench([packageZone(0)]).source;
  const amd = bench([packageZone(0)], { vendorId: "AuthenticAMD", family: 25, model: 17 }).source;
  expect(amd.uncertainty.gainLnSigma).toBeGreaterThan(intel.uncertainty.gainLnSigma);
  expect(amd.uncertainty.sourceId).toBe("rapl.gain/host=example");
});
