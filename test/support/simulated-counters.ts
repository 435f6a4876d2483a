import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { onTestFinished } from "vitest";
import { openMsr } from "../../src/energy/msr.ts";
import { openPowercap } from "../../src/energy/powercap.ts";
import { listPowercapZones } from "../../src/energy/powercap-zones.ts";
import type { EnergySource } from "../../src/energy/source.ts";
import { readCpuInfo } from "../../src/host/cpuinfo.ts";
import { type HostShape, type SimulatedHost, simulatedHost } from "../../src/simulate/host.ts";
import { failingFiles } from "../../src/simulate/live-file.ts";
import { msrTree, registersOf } from "../../src/simulate/msr-tree.ts";
import { powercapZones } from "../../src/simulate/powercap-layout.ts";
import { powercapTree } from "../../src/simulate/powercap-tree.ts";
import { constantPower } from "../../src/simulate/profile.ts";
import { type Truth, truthOf } from "../../src/simulate/truth.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";

/** An Intel host with one package at 100 W, and what the test wants otherwise. */
export function hostShape(wanted: Partial<HostShape> = {}): HostShape {
  const plain = { vendor: "intel", packages: 1, parts: [], quirks: [], esu: 14, startBelowWrapJoules: null } as const;
  return { ...plain, profile: constantPower(100), ...wanted };
}

export function simulationDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "carbon-ops simulated "));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface SimulatedCounters {
  readonly host: SimulatedHost;
  /** What its reader has to find. */
  truth(): Truth;
  readonly clock: ManualClock;
  readonly source: EnergySource;
  /** Moves the host and the reader's clock on together. */
  advanceSeconds(seconds: number): void;
  /** From now on, the counters fail for whose number this holds: the zone's in the host's order, or what CPU and register give. */
  fail(isFailing: (domain: number) => boolean): void;
}

type Window = "powercap" | "msr";

/** A simulated host whose tree is on disk, but whose counters are read from memory: a million wraps take seconds. */
export function countersInMemory(window: Window, shape: HostShape): SimulatedCounters {
  const directory = simulationDirectory();
  const host = simulatedHost(shape);
  const layTree = window === "powercap" ? powercapTree : msrTree;
  const tree = layTree({
    directory,
    host,
    faults: [],
    failing: failingFiles({ proc: "/proc", sys: "/sys" }),
    mode: 0o444,
  });
  tree.close();
  const clock = manualClock();
  let isFailing: (domain: number) => boolean = () => false;
  const source =
    window === "powercap"
      ? powercapInMemory(directory, host, clock, (domain) => isFailing(domain))
      : msrInMemory(directory, host, clock, (domain) => isFailing(domain));
  return {
    host,
    truth: () => truthOf(host, tree),
    clock,
    source,
    advanceSeconds: (seconds) => {
      const before = clock.monotonicNs();
      clock.advanceSeconds(seconds);
      host.advanceTo(host.elapsedNs() + clock.monotonicNs() - before);
    },
    fail: (next) => {
      isFailing = next;
    },
  };
}

type IsFailing = (domain: number) => boolean;

/** As the kernel's driver fails for a moment. */
function failingWith(isFailing: boolean, value: bigint): bigint {
  if (isFailing) throw Object.assign(new Error("EIO: i/o error, read"), { code: "EIO" });
  return value;
}

function powercapInMemory(
  directory: string,
  host: SimulatedHost,
  clock: ManualClock,
  isFailing: IsFailing,
): EnergySource {
  const cpu = readCpuInfo({ proc: join(directory, "proc") });
  const counters = new Map(
    powercapZones(host).map(({ directoryName, domain }, index) => [directoryName, { counter: domain.counter, index }]),
  );
  return openPowercap({
    zones: listPowercapZones(join(directory, "sys", "class", "powercap"), cpu.vendor),
    clock,
    cpu,
    hostname: "simulated",
    openZone: (zone) => {
      const found = counters.get(basename(zone.directory));
      return {
        read: () => failingWith(isFailing(found?.index ?? 0), found?.counter.shownMicrojoules() ?? -1n),
        close: () => undefined,
      };
    },
  });
}

function msrInMemory(directory: string, host: SimulatedHost, clock: ManualClock, isFailing: IsFailing): EnergySource {
  return openMsr({
    msrRoot: join(directory, "dev", "cpu"),
    sysRoot: join(directory, "sys"),
    clock,
    cpu: readCpuInfo({ proc: join(directory, "proc") }),
    hostname: "simulated",
    openFile: (cpu) => {
      const registers = registersOf(host.domains, host.shape, cpu);
      return {
        read: (register) => failingWith(isFailing(cpu + Math.floor(register / 8)), registers.get(register)?.() ?? 0n),
        close: () => undefined,
      };
    },
  });
}
