import { type CounterRule, type HardwareCounter, limitsOf } from "../../energy/counter.ts";
import { openMsrCounters } from "../../energy/msr-counters.ts";
import { rawFromMicrojoules, scaleFromRange } from "../../energy/powercap-unit.ts";
import { isStillThere, listPowercapZones, type PowercapZone } from "../../energy/powercap-zones.ts";
import { zoneFile } from "../../energy/zone-file.ts";
import type { CpuIdentity } from "../../host/cpu-identity.ts";
import { messageOf, systemErrorCode } from "../../thrown.ts";
import type { GovernorOptions } from "./options.ts";

/** One hardware counter. It stays open from its first successful reading on, so that it can be read after root is given up. */
export interface Counter extends HardwareCounter {
  readonly name: string;
  /** Id of the domain that it lies in as the kernel shows it; null at the top. */
  readonly parentId: string | null;
  /** What it is, in names: it stays when a module reload deals the indices, and so the ids, out anew. */
  readonly key: string;
  /** The piece of hardware it counts, which another window may show too. */
  readonly silicon: string;
}

/** What is saved of a counter, beside what it has counted. */
export type CounterFacts = Pick<Counter, "id" | "kind" | "counted" | "key" | "silicon">;

export interface FoundCounters {
  readonly counters: readonly Counter[];
  /** Why a package could not even be asked for its unit: the system's codes, or sentences. */
  readonly problems: readonly string[];
}

/** The counters of this host; empty where there are none. The one place that knows of modes. */
export function openCounters(options: GovernorOptions, cpu: CpuIdentity | null): FoundCounters {
  if (options.mode === "sysfs") {
    const zones = listPowercapZones(options.powercapRoot, cpu?.vendor ?? null);
    return { counters: zones.map(powercapCounter), problems: [] };
  }
  if (cpu === null) return { counters: [], problems: ["its processor is not known"] };
  const { msrRoot, sysRoot, msrCpus } = options;
  const { counters, problems } = openMsrCounters({ msrRoot, sysRoot, cpu, ...(msrCpus !== null && { cpus: msrCpus }) });
  return {
    counters: counters.map((counter) => ({ ...counter, ...placeOf(counter.id) })),
    problems: problems.map(reasonOf),
  };
}

/** Why something failed: the system's code where it has one. */
export function reasonOf(error: unknown): string {
  return systemErrorCode(error) ?? messageOf(error);
}

/** Why a counter cannot be read now; null where it can. A counter's first reading opens it. */
export function problemOf(counter: Counter): string | null {
  try {
    counter.readRaw();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function powercapCounter(zone: PowercapZone): Counter {
  const { id, name, kind, counted, key, silicon } = zone;
  const rule = { ...scaleFromRange(zone.rangeMicrojoules), limits: limitsOf(kind) };
  const file = zoneFile(zone.energyFile, () => isStillThere(zone));
  const readRaw = (): bigint => rawFromMicrojoules(file.read(), rule.unitNanojoules);
  return { ...placeOf(id), id, name, kind, counted, key, silicon, rule, readRaw, close: () => file.close() };
}

/** The counters found, under the ids that they are known by. An index that was another's before is no id: the key then is. */
export function underKnownIds(found: readonly Counter[], known: readonly Pick<Counter, "id" | "key">[]): Counter[] {
  const ids = new Map(
    found.map(({ id, key }) => {
      const itself = known.find((other) => other.key === key);
      const isTaken = itself === undefined && known.some((other) => other.id === id);
      return [id, itself?.id ?? (isTaken ? key : id)] as const;
    }),
  );
  return found.map((counter) => ({
    ...counter,
    id: ids.get(counter.id) ?? counter.id,
    parentId: ids.get(counter.parentId ?? "") ?? null,
  }));
}

/** Ids are paths; those of registers are of names. */
function placeOf(id: string): Pick<Counter, "name" | "parentId" | "key" | "silicon"> {
  const end = id.lastIndexOf("/");
  return { name: id.slice(end + 1), parentId: end < 0 ? null : id.slice(0, end), key: id, silicon: id };
}

/** Stands for a domain of an earlier process that this host does not show any more: its total stays, its gaps grow. */
export function absentCounter(saved: CounterFacts & Omit<CounterRule, "limits">): Counter {
  const { id, kind, counted, key, silicon, unitNanojoules, countsPerUnit = 1n, modulus } = saved;
  const readRaw = (): bigint => {
    throw new Error("the kernel does not show it any more");
  };
  const rule = { unitNanojoules, countsPerUnit, modulus, limits: limitsOf(kind) };
  return { id, name: id, kind, counted, key, silicon, parentId: null, rule, readRaw, close: () => undefined };
}
