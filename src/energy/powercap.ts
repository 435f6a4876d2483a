import type { Clock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";
import { limitsOf } from "./counter.ts";
import {
  type CounterDomain,
  energyReading,
  isCounted,
  missAll,
  newDomain,
  type RawCounter,
  sweep,
} from "./counter-domain.ts";
import { holdBackMirrors } from "./mirrors.ts";
import { powercapUncertainty } from "./powercap-uncertainty.ts";
import { rawFromMicrojoules, scaleFromRange } from "./powercap-unit.ts";
import { isStillThere, type PowercapZone } from "./powercap-zones.ts";
import type { EnergyReading, EnergySource } from "./source.ts";
import { type ZoneFile, zoneFile } from "./zone-file.ts";

export interface PowercapRequest {
  readonly zones: readonly PowercapZone[];
  readonly clock: Clock;
  /** Null where /proc/cpuinfo cannot be read. */
  readonly cpu: CpuInfo | null;
  readonly hostname: string | null;
  /** Lists the zones as they are now, for those that come late or move; without it, the zones above are all there will be. */
  readonly relist?: () => readonly PowercapZone[];
  /** Opens a zone's counter; by default its energy_uj file. */
  readonly openZone?: (zone: PowercapZone) => ZoneFile;
}

/** Zones come and go with a kernel module, which is rare: the tree is looked at every half minute, and sooner when a zone fails. */
const relistAfterNs = 30_000_000_000n;
const relistAfterFailureNs = 1_000_000_000n;

/**
 * Opens the zones as an energy source and takes the baseline reading. A zone that cannot be read now is tried again at every
 * reading. One that comes late starts with a gap, since what it counted before is unknown; one that goes keeps what it has
 * counted, and each reading without it is a gap. Throws ENERGY_READ_FAILED when no counted zone can be read.
 */
export function openPowercap(request: PowercapRequest): EnergySource {
  const { clock, cpu, hostname, relist, openZone = openZoneFile } = request;
  const followed = request.zones.map((zone) => follow(zone, zone.counted, openZone));
  let listedAtNs = clock.monotonicNs();

  const relistIfOlderThan = (ageNs: bigint): boolean => {
    const nowNs = clock.monotonicNs();
    if (relist === undefined || nowNs - listedAtNs < ageNs) return false;
    listedAtNs = nowNs;
    adopt(followed, relist(), openZone);
    return true;
  };
  const readAll = (): EnergyReading => {
    relistIfOlderThan(relistAfterNs);
    const monotonicNs = clock.monotonicNs();
    const before = domainsOf(followed);
    let failed = sweep(before, clock);
    if (failed.length > 0 && relistIfOlderThan(relistAfterFailureNs)) {
      failed = sweep([...failed, ...domainsOf(followed).slice(before.length)], clock);
    }
    missAll(failed);
    const domains = domainsOf(followed);
    if (!domains.some((domain) => domain.countable && !failed.includes(domain))) throw noZoneLeft(followed);
    holdBackMirrors(domains, clock.monotonicNs() - monotonicNs);
    return energyReading(monotonicNs, domains);
  };
  const close = (): void => {
    for (const { domain } of followed) domain.counter.close();
  };
  try {
    readAll();
  } catch (error) {
    close();
    throw error;
  }
  return {
    id: "powercap",
    provenance: cpu?.isGuest === true ? "estimated" : "measured",
    boundary: "package_and_dram",
    get label() {
      return labelOf(followed, cpu);
    },
    get uncertainty() {
      return powercapUncertainty(cpu, countsMemory(followed), hostname);
    },
    idleWatts: null,
    wattsPerBusyCpu: null,
    read: readAll,
    close,
  };
}

interface FollowedZone {
  readonly zone: PowercapZone;
  readonly domain: CounterDomain;
}

type OpenZone = NonNullable<PowercapRequest["openZone"]>;

function follow(zone: PowercapZone, countable: boolean, openZone: OpenZone): FollowedZone {
  const rule = { ...scaleFromRange(zone.rangeMicrojoules), limits: limitsOf(zone.kind) };
  const counter = rawCounter(openZone(zone), rule.unitNanojoules);
  return { zone, domain: newDomain({ id: zone.id, kind: zone.kind, rule, countable, counter }) };
}

function openZoneFile(zone: PowercapZone): ZoneFile {
  return zoneFile(zone.energyFile, () => isStillThere(zone));
}

function rawCounter(file: ZoneFile, unitNanojoules: bigint): RawCounter {
  return { read: () => rawFromMicrojoules(file.read(), unitNanojoules), close: () => file.close() };
}

/** Follows the zones that are new, and those that moved to where they are now. What silicon is counted already stays so. */
function adopt(followed: FollowedZone[], listed: readonly PowercapZone[], openZone: OpenZone): void {
  for (const zone of listed) {
    const index = followed.findIndex((known) => known.zone.key === zone.key);
    const known = followed[index];
    if (known === undefined) {
      const isCountedElsewhere = followed.some(
        ({ domain, zone: { silicon } }) => domain.countable && silicon === zone.silicon,
      );
      // The index may have been another zone's before, whose identity is taken.
      const id = followed.some(({ domain }) => domain.id === zone.id) ? zone.key : zone.id;
      const late = follow({ ...zone, id }, zone.counted && !isCountedElsewhere, openZone);
      missAll([late.domain]);
      followed.push(late);
    } else if (known.zone.energyFile !== zone.energyFile) {
      known.domain.counter.close();
      known.domain.counter = rawCounter(openZone(zone), known.domain.rule.unitNanojoules);
      followed[index] = { zone, domain: known.domain };
    }
  }
}

function domainsOf(followed: readonly FollowedZone[]): CounterDomain[] {
  return followed.map(({ domain }) => domain);
}

function countsMemory(followed: readonly FollowedZone[]): boolean {
  return followed.some(({ domain }) => isCounted(domain) && domain.kind === "dram");
}

function labelOf(followed: readonly FollowedZone[], cpu: CpuInfo | null): string {
  const packages = followed.filter(({ domain }) => isCounted(domain) && domain.kind === "package");
  const names = packages.map(({ zone }) => zone.name).join(", ");
  const what = countsMemory(followed) ? `${names} + dram` : `${names} (no memory counter)`;
  return `${cpu?.isGuest === true ? "virtualised counter" : "RAPL"} ${what} through powercap`;
}

function noZoneLeft(followed: readonly FollowedZone[]): CarbonOpsError {
  const first = followed.find(({ domain }) => domain.countable)?.zone.energyFile ?? "energy_uj";
  return new CarbonOpsError(
    "ENERGY_READ_FAILED",
    `No energy counter can be read (${first} and its siblings); run \`carbon-ops doctor\` to see why and what mends it.`,
  );
}
