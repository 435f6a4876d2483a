import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { listPowercapZones, type PowercapZone } from "../energy/powercap-zones.ts";
import { parseMicrojoules } from "../energy/zone-file.ts";
import { messageOf, systemErrorCode } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";
import { listKernelDirectory } from "../host/kernel-file.ts";
import type { HostRoots } from "../host/roots.ts";

/** What the powercap tree of this host offers to this process. */
export type PowercapState =
  | { readonly kind: "usable"; readonly zones: readonly PowercapZone[] }
  /** No RAPL zone is there. */
  | { readonly kind: "absent" }
  /** The class lists zones, but what its links lead to is hidden, as Docker does by default. */
  | { readonly kind: "hidden" }
  /** Zones are there, but these counters may not be read by this user. */
  | { readonly kind: "denied"; readonly files: readonly string[] }
  /** No package's counter gives a number that could be energy. */
  | { readonly kind: "not_counting"; readonly why: string };

/** Looks at every counted zone once; takes well under a millisecond a zone. */
export function powercapState(roots: HostRoots, cpu: CpuInfo | null): PowercapState {
  const root = join(roots.sys, "class", "powercap");
  const zones = listPowercapZones(root, cpu?.vendor ?? null);
  const counted = zones.filter((zone) => zone.counted);
  if (counted.length === 0) return { kind: hasDanglingZones(root) ? "hidden" : "absent" };

  const probes = counted.map((zone) => ({ zone, probe: probeCounter(zone.energyFile) }));
  const denied = probes.filter(({ probe }) => probe.kind === "denied").map(({ zone }) => zone.energyFile);
  if (denied.length > 0) return { kind: "denied", files: denied };
  const packages = probes.filter(({ zone }) => zone.kind === "package");
  if (packages.some(({ probe }) => probe.kind === "counting")) return { kind: "usable", zones };
  const reasons = packages.flatMap(({ probe }) => (probe.kind === "faulty" ? [probe.why] : []));
  return { kind: "not_counting", why: reasons[0] ?? "there is memory, but no package" };
}

function hasDanglingZones(root: string): boolean {
  return listKernelDirectory(root).some((name) => /^intel-rapl(-mmio)?:/.test(name));
}

type Probe =
  | { readonly kind: "counting" }
  | { readonly kind: "denied" }
  | { readonly kind: "faulty"; readonly why: string };

/**
 * A counter that shows 0 counts nothing: hypervisors answer reads of RAPL registers with 0 (kernel arch/x86/kvm/x86.c), and a
 * real one passes through 0 once in hours.
 */
function probeCounter(path: string): Probe {
  try {
    const buffer = Buffer.alloc(32);
    const descriptor = openSync(path, "r");
    try {
      const text = buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0));
      return parseMicrojoules(text, path) > 0n ? { kind: "counting" } : { kind: "faulty", why: `${path} shows 0` };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "EACCES" || code === "EPERM") return { kind: "denied" };
    return { kind: "faulty", why: messageOf(error) };
  }
}
