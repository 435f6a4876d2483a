import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { openPowercap } from "../energy/powercap.ts";
import { listPowercapZones, type PowercapZone } from "../energy/powercap-zones.ts";
import type { EnergySource } from "../energy/source.ts";
import { type CpuInfo, readCpuInfo } from "../host/cpuinfo.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import { absentCounters } from "./absent-counters.ts";
import type { Finding } from "./finding.ts";
import { areDead, probeZone, type ZoneProbe } from "./powercap-probe.ts";
import { shellQuoted } from "./shell.ts";

export interface PowercapFinding extends Finding {
  /** Opens the source. Throws ENERGY_READ_FAILED when no counter can be read. */
  open(): EnergySource;
}

/** Whether RAPL zones are there, readable and alive. Waits up to 40 ms, and only where every package's counter looks dead. */
export function examinePowercap(request: { readonly roots: HostRoots; readonly clock: Clock }): PowercapFinding {
  const { roots, clock } = request;
  const cpu = cpuInfoOrNull(roots);
  const powercapRoot = join(roots.sys, "class", "powercap");
  const relist = (): PowercapZone[] => listPowercapZones(powercapRoot, cpu?.vendor ?? null);
  const zones = relist();
  return {
    ...findingOf(powercapRoot, zones, cpu),
    open: () => openPowercap({ zones, relist, clock, cpu, hostname: readHostname(roots) }),
  };
}

function cpuInfoOrNull(roots: HostRoots): CpuInfo | null {
  try {
    return readCpuInfo(roots);
  } catch {
    return null;
  }
}

function findingOf(powercapRoot: string, zones: readonly PowercapZone[], cpu: CpuInfo | null): Finding {
  const probes = zones.filter(({ counted }) => counted).map(probeZone);
  const packages = probes.filter(({ zone }) => zone.kind === "package");
  if (packages.length === 0) return absentCounters(powercapRoot, cpu);
  const forbidden = probes.filter(({ problem }) => problem === "EACCES" || problem === "EPERM");
  const readable = packages.filter(({ problem }) => problem === null);
  if (readable.length === 0) return forbidden.length > 0 ? permissionDenied(forbidden) : unreadable(packages);
  return areDead(readable) ? deadCounters(readable, cpu) : aliveCounters(probes, forbidden, cpu);
}

function permissionDenied(forbidden: readonly ZoneProbe[]): Finding {
  return {
    usable: false,
    reason: "only root may read the energy counters",
    why:
      "The counters are there, but only root may read them (since Linux 5.10, because fast readers can spy on other programs: " +
      "PLATYPUS, CVE-2020-8694). The command lets your own group read them, at once and until the next boot.",
    mend: readableByGroup(forbidden),
  };
}

/** Group read rather than read for all, so that not every program on the host becomes a fast reader (CVE-2020-8694). */
function readableByGroup(forbidden: readonly ZoneProbe[]): string {
  const files = forbidden.map(({ zone }) => shellQuoted(zone.energyFile)).join(" ");
  return `sudo chgrp "$(id -g)" ${files} && sudo chmod g+r ${files}`;
}

function unreadable(packages: readonly ZoneProbe[]): Finding {
  const problems = packages.map(({ zone, problem }) => `${zone.energyFile}: ${problem}`).join(", ");
  return {
    usable: false,
    reason: `reading the energy counters fails (${problems})`,
    why: `The zones are there, but reading their counters fails (${problems}): firmware or a hypervisor withholds them.`,
    mend: null,
  };
}

function deadCounters(packages: readonly ZoneProbe[], cpu: CpuInfo | null): Finding {
  const values = packages.map(({ zone, microjoules }) => `${zone.name} stays at ${microjoules}`).join(", ");
  const cause =
    cpu?.isGuest === true
      ? "the hypervisor answers in place of the hardware, and nothing inside a virtual machine changes that"
      : "firmware or a hypervisor has switched them off";
  return {
    usable: false,
    reason: `the energy counters do not count (${values})`,
    why: `The counters are there, but do not count (${values}): ${cause}.`,
    mend: null,
  };
}

function aliveCounters(probes: readonly ZoneProbe[], forbidden: readonly ZoneProbe[], cpu: CpuInfo | null): Finding {
  const names = probes.filter(({ problem }) => problem === null).map(({ zone }) => zone.name);
  const missing = probes.filter(({ problem }) => problem !== null);
  const kind =
    cpu?.isGuest === true
      ? "A virtualised counter: the hypervisor computes it, so it is an estimate and no measurement"
      : "Counted by the processor";
  const gaps = missing.map(({ zone, problem }) => `${zone.name} of ${zone.id}: ${problem}`).join(", ");
  return {
    usable: true,
    reason: "the energy counters can be read",
    why: `${kind} (${names.join(", ")}).${missing.length === 0 ? "" : ` Totals are too low, as these cannot be read: ${gaps}.`}`,
    mend: forbidden.length === 0 ? null : readableByGroup(forbidden),
  };
}
