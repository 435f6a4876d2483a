import type { CounterRule, PowerLimits } from "../../energy/counter.ts";
import { packageLimits, partLimits, platformLimits } from "../../energy/counter.ts";
import { rawFromMicrojoules, scaleFromRange } from "../../energy/powercap-unit.ts";
import { listPowercapZones, type PowercapZone } from "../../energy/powercap-zones.ts";
import type { DomainKind } from "../../energy/source.ts";
import { zoneFile } from "../../energy/zone-file.ts";
import { CarbonOpsError } from "../../errors.ts";
import type { CpuVendor } from "../../host/cpuinfo.ts";
import type { CounterMode } from "../protocol.ts";

/** One hardware counter. It stays open from its first successful reading on, so that it can be read after root is given up. */
export interface Counter {
  readonly id: string;
  readonly name: string;
  readonly kind: DomainKind;
  /** Whether it is part of the host's energy. */
  readonly counted: boolean;
  /** Id of the domain that it lies in as the kernel shows it; null at the top. */
  readonly parentId: string | null;
  readonly rule: CounterRule;
  /** Counts shown now. Throws the system's error. */
  readRaw(): bigint;
  close(): void;
}

export interface CounterRequest {
  readonly mode: CounterMode;
  readonly powercapRoot: string;
  readonly msrRoot: string;
  /** Logical CPUs whose registers may be read; null: one of each package. */
  readonly msrCpus: readonly number[] | null;
  readonly vendor: CpuVendor | null;
}

/** The counters of this host, none of them read yet; empty where there are none. The one place that knows of modes. */
export function openCounters(request: CounterRequest): Counter[] {
  if (request.mode === "sysfs") return listPowercapZones(request.powercapRoot, request.vendor).map(powercapCounter);
  throw new CarbonOpsError(
    "ENERGY_SOURCE_UNAVAILABLE",
    "--rapl-mode msr is not in this version of the governor; leave it out to read the same counters through powercap.",
  );
}

function powercapCounter(zone: PowercapZone): Counter {
  const rule = { ...scaleFromRange(zone.rangeMicrojoules), limits: limitsOf(zone.kind) };
  const file = zoneFile(zone.energyFile);
  const parentEnd = zone.id.lastIndexOf("/");
  return {
    id: zone.id,
    name: zone.name,
    kind: zone.kind,
    counted: zone.counted,
    parentId: parentEnd < 0 ? null : zone.id.slice(0, parentEnd),
    rule,
    readRaw: () => rawFromMicrojoules(file.read(), rule.unitNanojoules),
    close: () => file.close(),
  };
}

/** Stands for a domain of an earlier process that this host does not show any more: its total stays, its gaps grow. */
export function absentCounter(saved: Pick<Counter, "id" | "kind" | "counted"> & Omit<CounterRule, "limits">): Counter {
  const { id, kind, counted, unitNanojoules, countsPerUnit = 1n, modulus } = saved;
  const readRaw = (): bigint => {
    throw new Error("the kernel does not show it any more");
  };
  const rule = { unitNanojoules, countsPerUnit, modulus, limits: limitsOf(kind) };
  return { id, name: id, kind, counted, parentId: null, rule, readRaw, close: () => undefined };
}

function limitsOf(kind: DomainKind): PowerLimits {
  if (kind === "package") return packageLimits;
  return kind === "psys" ? platformLimits : partLimits;
}
