import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { CpuVendor } from "../host/cpu-identity.ts";
import { listKernelDirectory, readOptionalKernelFile } from "../host/optional-kernel-file.ts";
import type { DomainKind } from "./counter.ts";

export interface PowercapZone {
  /** Path below the control type: "intel-rapl:0", "intel-rapl:0/intel-rapl:0:1". */
  readonly id: string;
  /** What the zone says it is: "package-0", "dram". Only this gives its meaning; indices do not. */
  readonly name: string;
  readonly kind: DomainKind;
  /** Names instead of indices, which a module reload deals out anew: "intel-rapl/package-0/dram". */
  readonly key: string;
  /** The piece of silicon it counts: "package-0/dram" for every copy of it. */
  readonly silicon: string;
  /** Whether it is part of the host total: packages and their memory, each piece of silicon once. */
  readonly counted: boolean;
  /** Real directory of the zone. */
  readonly directory: string;
  readonly energyFile: string;
  /** Largest value that the counter shows; null where the file is missing, unreadable or malformed. */
  readonly rangeMicrojoules: bigint | null;
}

/** Ids are hexadecimal: the eleventh package is intel-rapl:a (kernel drivers/powercap/powercap_sys.c, "%s:%x"). */
const zonePattern = /^(intel-rapl|intel-rapl-mmio)(:[0-9a-f]+)+$/;
const controlTypePattern = /^(intel-rapl|intel-rapl-mmio)$/;

/**
 * The RAPL zones below a powercap class directory. Each is listed once however many links lead to it; zones whose name is
 * unknown are left out. intel-rapl-mmio shows the same counters as intel-rapl through another window, and is counted only
 * where intel-rapl lacks the zone (kernel drivers/thermal/intel/int340x_thermal/processor_thermal_rapl.c).
 *
 * @param vendor decides whether dies are counted: on AMD and Hygon all dies of a package show one and the same counter.
 */
export function listPowercapZones(powercapRoot: string, vendor: CpuVendor | null): PowercapZone[] {
  const found = new Map<string, NamedZone>();
  collectZones(powercapRoot, found);
  const zones = [...found.values()].toSorted((left, right) => (left.order < right.order ? -1 : 1));
  const byDirectoryName = new Map(zones.map((zone) => [zone.directoryName, zone]));
  const seen = new Set<string>();
  return zones.map((zone) => {
    const { directoryName, directory, name, kind } = zone;
    const [controlType = "", ...indices] = directoryName.split(":");
    const ancestors = indices.map((_, depth) => [controlType, ...indices.slice(0, depth + 1)].join(":"));
    const parent = ancestors.at(-2) ?? controlType;
    const parentZone = byDirectoryName.get(parent);
    const container = parentZone === undefined ? parent : identityOf(parentZone, vendor);
    const isOuter = kind === "package" || kind === "psys";
    const silicon = isOuter ? identityOf(zone, vendor) : `${container}/${name}`;
    const counted = (kind === "package" || kind === "dram") && !seen.has(silicon);
    if (counted) seen.add(silicon);
    return {
      id: ancestors.join("/"),
      name,
      kind,
      key: [controlType, ...(parentZone === undefined ? [] : [parentZone.name]), name].join("/"),
      silicon,
      counted,
      directory,
      energyFile: join(directory, "energy_uj"),
      rangeMicrojoules: rangeOrNull(join(directory, "max_energy_range_uj")),
    };
  });
}

/** Whether the zone's directory still holds the zone of that name: a module reload deals the indices out anew. */
export function isStillThere({ directory, name }: PowercapZone): boolean {
  return readOptionalKernelFile(join(directory, "name")) === name;
}

interface NamedZone extends Pick<PowercapZone, "directory" | "name" | "kind"> {
  readonly directoryName: string;
  /** Sorts intel-rapl before intel-rapl-mmio, then by index, hexadecimal. */
  readonly order: string;
}

/** The class directory is flat, but its entries are links into the nested device tree: real paths tell them apart. */
function collectZones(directory: string, found: Map<string, NamedZone>): void {
  for (const directoryName of listKernelDirectory(directory)) {
    const isZone = zonePattern.test(directoryName);
    if (!isZone && !controlTypePattern.test(directoryName)) continue;
    const realPath = realPathOrNull(join(directory, directoryName));
    if (realPath === null || found.has(realPath)) continue;
    const zone = isZone ? namedZone(directoryName, realPath) : null;
    if (zone !== null) found.set(realPath, zone);
    collectZones(realPath, found);
  }
}

function namedZone(directoryName: string, directory: string): NamedZone | null {
  const name = readOptionalKernelFile(join(directory, "name")) ?? "";
  const kind = kindOf(name);
  const order = directoryName.replace("-mmio", "~mmio").replace(/[0-9a-f]+(?=:|$)/g, (index) => index.padStart(8, "0"));
  return kind === null ? null : { directoryName, directory, name, kind, order };
}

/** Names of kernel drivers/powercap/intel_rapl_common.c, rapl_domain_names and rapl_package_register_powercap. */
function kindOf(name: string): DomainKind | null {
  if (/^package-\d+(-die-\d+)?$/.test(name)) return "package";
  if (/^psys(-\d+)?$/.test(name)) return "psys";
  return name === "dram" || name === "core" || name === "uncore" ? name : null;
}

/**
 * AMD's counter belongs to the whole package, yet kernels 6.10 and 6.11 (and all on Zen 1) show it once for every die;
 * the dies of Intel's Cascade Lake-AP have counters of their own.
 */
function identityOf({ name }: NamedZone, vendor: CpuVendor | null): string {
  return vendor === "amd" || vendor === "hygon" ? name.replace(/-die-\d+$/, "") : name;
}

function rangeOrNull(path: string): bigint | null {
  const text = readOptionalKernelFile(path) ?? "";
  return /^\d{1,20}$/.test(text) ? BigInt(text) : null;
}

function realPathOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
