import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { openPowercap } from "../energy/powercap.ts";
import { listPowercapZones, type PowercapZone } from "../energy/powercap-zones.ts";
import type { EnergySource } from "../energy/source.ts";
import { parseMicrojoules } from "../energy/zone-file.ts";
import { messageOf, systemErrorCode } from "../errors.ts";
import { type CpuInfo, readCpuInfo } from "../host/cpuinfo.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import { absentCounters } from "./absent-counters.ts";
import { shellQuoted } from "./shell.ts";

export interface Finding {
  readonly usable: boolean;
  readonly why: string;
  /** A shell command, or null where nothing inside this machine mends it. */
  readonly mend: string | null;
}

export interface PowercapFinding extends Finding {
  /** Opens the source. Throws ENERGY_READ_FAILED when it is not usable. */
  open(): EnergySource;
}

/**
 * Whether RAPL zones are there, readable and alive. Waits up to 50 ms, and only where every counter reads 0, to see whether
 * one of them moves.
 */
export function examinePowercap(request: { readonly roots: HostRoots; readonly clock: Clock }): PowercapFinding {
  const { roots, clock } = request;
  const cpu = cpuInfoOrNull(roots);
  const powercapRoot = join(roots.sys, "class", "powercap");
  const zones = listPowercapZones(powercapRoot, cpu?.vendor ?? null);
  return {
    ...findingOf(powercapRoot, zones, cpu),
    open: () => openPowercap({ zones, clock, cpu, hostname: readHostname(roots) }),
  };
}

function cpuInfoOrNull(roots: HostRoots): CpuInfo | null {
  try {
    return readCpuInfo(roots);
  } catch {
    return null;
  }
}

interface Probe {
  readonly zone: PowercapZone;
  readonly microjoules: bigint | null;
  /** "EACCES", "EINVAL", …; null when it could be read. */
  readonly problem: string | null;
}

function findingOf(powercapRoot: string, zones: readonly PowercapZone[], cpu: CpuInfo | null): Finding {
  const packages = zones.filter(({ counted, kind }) => counted && kind === "package");
  if (packages.length === 0) return { usable: false, ...absentCounters(powercapRoot, cpu) };
  const probes = zones.filter(({ counted }) => counted).map(probe);
  const forbidden = probes.filter(({ problem }) => problem === "EACCES" || problem === "EPERM").map(({ zone }) => zone);
  const readable = probes.filter(({ zone, problem }) => zone.kind === "package" && problem === null);
  if (readable.length === 0 && forbidden.length > 0) return permissionDenied(forbidden);
  if (readable.length === 0) return unreadable(probes);
  if (readable.every(isDead)) return deadCounters(readable, cpu);
  return alive(probes, forbidden, cpu);
}

function probe(zone: PowercapZone): Probe {
  try {
    return {
      zone,
      microjoules: parseMicrojoules(readFileSync(zone.energyFile, "utf8"), zone.energyFile),
      problem: null,
    };
  } catch (error) {
    return { zone, microjoules: null, problem: systemErrorCode(error) ?? messageOf(error) };
  }
}

/** A counter of 0 that stays 0, or one that shows all ones, counts nothing. */
function isDead({ zone, microjoules }: Probe): boolean {
  if (microjoules === 0n) return !movesWithin(zone, aliveWithinMs);
  return zone.rangeMicrojoules !== null && microjoules === zone.rangeMicrojoules && !movesWithin(zone, aliveWithinMs);
}

/** RAPL updates every millisecond; a tenth of that pace is still seen. Split over all packages, the wait stays below 50 ms. */
const aliveWithinMs = 10;

function movesWithin(zone: PowercapZone, milliseconds: number): boolean {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const first = probe(zone).microjoules;
  for (let waited = 0; waited < milliseconds; waited += 2) {
    Atomics.wait(sleeper, 0, 0, 2);
    if (probe(zone).microjoules !== first) return true;
  }
  return false;
}

/** Group read rather than read for all: whoever reads these counters fast enough can learn keys (PLATYPUS, CVE-2020-8694). */
function permissionDenied(zones: readonly PowercapZone[]): Finding {
  return {
    usable: false,
    why:
      "The counters are there, but only root may read them (Linux made them so in 5.10 because fast readers can spy on " +
      "other programs: PLATYPUS, CVE-2020-8694). The command lets your own group read them, at once and until the next boot.",
    mend: readableByGroup(zones),
  };
}

function readableByGroup(zones: readonly PowercapZone[]): string {
  const files = zones.map(({ energyFile }) => shellQuoted(energyFile)).join(" ");
  return `sudo chgrp "$(id -g)" ${files} && sudo chmod g+r ${files}`;
}

function unreadable(probes: readonly Probe[]): Finding {
  const first = probes[0];
  const which = first === undefined ? "" : ` (${first.zone.energyFile}: ${first.problem ?? "no number"})`;
  return {
    usable: false,
    why: `The zones are there, but the kernel cannot read their counters${which}: firmware or a hypervisor withholds them.`,
    mend: null,
  };
}

function deadCounters(probes: readonly Probe[], cpu: CpuInfo | null): Finding {
  const names = probes.map(({ zone, microjoules }) => `${zone.name} shows ${microjoules}`).join(", ");
  const reason =
    cpu?.isGuest === true
      ? "the hypervisor answers in place of the hardware, and nothing inside a virtual machine changes that"
      : "firmware or a hypervisor has switched them off";
  return { usable: false, why: `The counters are there, but do not count (${names}): ${reason}.`, mend: null };
}

function alive(probes: readonly Probe[], forbidden: readonly PowercapZone[], cpu: CpuInfo | null): Finding {
  const missing = probes.filter(({ problem }) => problem !== null);
  const gaps = missing.map(({ zone, problem }) => `${zone.id} (${zone.name}): ${problem}`).join(", ");
  const names = probes.filter(({ problem }) => problem === null).map(({ zone }) => zone.name);
  const kind =
    cpu?.isGuest === true
      ? "A virtualised counter: the hypervisor computes it, so it is an estimate and no measurement"
      : "Counted by the processor";
  return {
    usable: true,
    why: `${kind} (${names.join(", ")}).${missing.length === 0 ? "" : ` Totals are too low, since these cannot be read: ${gaps}.`}`,
    mend: forbidden.length === 0 ? null : readableByGroup(forbidden),
  };
}
