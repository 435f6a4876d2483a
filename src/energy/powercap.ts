import type { Clock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { CpuInfo } from "../host/cpuinfo.ts";
import {
  advanceCounter,
  type CounterRule,
  type CounterState,
  microjoulesOf,
  missReading,
  type PowerLimits,
  packageLimits,
  partLimits,
  platformLimits,
  unreadCounter,
} from "./counter.ts";
import { powercapUncertainty } from "./powercap-uncertainty.ts";
import { rawFromMicrojoules, scaleFromRange } from "./powercap-unit.ts";
import type { PowercapZone } from "./powercap-zones.ts";
import type { DomainReading, EnergyReading, EnergySource } from "./source.ts";
import { type ZoneFile, zoneFile } from "./zone-file.ts";

export interface PowercapRequest {
  readonly zones: readonly PowercapZone[];
  readonly clock: Clock;
  /** Null where /proc/cpuinfo cannot be read. */
  readonly cpu: CpuInfo | null;
  readonly hostname: string | null;
}

/**
 * Opens the zones as an energy source and takes the baseline reading. A zone that cannot be read now is tried again at every
 * reading. Throws ENERGY_READ_FAILED when no counted zone can be read.
 */
export function openPowercap(request: PowercapRequest): EnergySource {
  const { zones, clock, cpu, hostname } = request;
  const domains = zones.map(openDomain);
  const readAll = (): EnergyReading => {
    const monotonicNs = clock.monotonicNs();
    const succeeded = domains.filter((domain) => readDomain(domain, clock));
    if (!succeeded.some(({ zone }) => zone.counted)) throw noZoneLeft(zones);
    return readingOf(monotonicNs, domains);
  };
  const close = (): void => {
    for (const domain of domains) domain.file.close();
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
    label: labelOf(zones, cpu),
    uncertainty: powercapUncertainty(cpu, countsMemory(zones), hostname),
    idleWatts: null,
    wattsPerBusyCpu: null,
    read: readAll,
    close,
  };
}

interface Domain {
  readonly zone: PowercapZone;
  readonly rule: CounterRule;
  readonly file: ZoneFile;
  state: CounterState;
}

function openDomain(zone: PowercapZone): Domain {
  const rule = { ...scaleFromRange(zone.rangeMicrojoules), limits: limitsOf(zone) };
  return { zone, rule, file: zoneFile(zone.energyFile), state: unreadCounter };
}

function limitsOf({ kind }: PowercapZone): PowerLimits {
  if (kind === "package") return packageLimits;
  return kind === "psys" ? platformLimits : partLimits;
}

/** False when the zone could not be read: the others go on. */
function readDomain(domain: Domain, clock: Clock): boolean {
  let microjoules: bigint;
  try {
    microjoules = domain.file.read();
  } catch {
    domain.state = missReading(domain.state);
    return false;
  }
  const raw = rawFromMicrojoules(microjoules, domain.rule.unitNanojoules);
  domain.state = advanceCounter(domain.state, domain.rule, raw, clock.monotonicNs());
  return true;
}

function readingOf(monotonicNs: bigint, domains: readonly Domain[]): EnergyReading {
  const readings = domains.map(domainReading);
  const counted = readings.filter((reading) => reading.counted);
  return {
    monotonicNs,
    hostMicrojoules: counted.reduce((sum, { microjoules }) => sum + microjoules, 0n),
    domains: readings,
    gaps: counted.reduce((sum, { gaps }) => sum + gaps, 0),
  };
}

function domainReading({ zone, rule, state }: Domain): DomainReading {
  return {
    id: zone.id,
    kind: zone.kind,
    counted: zone.counted,
    microjoules: microjoulesOf(state, rule),
    wraps: state.wraps,
    gaps: state.gaps,
  };
}

function countsMemory(zones: readonly PowercapZone[]): boolean {
  return zones.some(({ counted, kind }) => counted && kind === "dram");
}

function labelOf(zones: readonly PowercapZone[], cpu: CpuInfo | null): string {
  const packages = zones.filter(({ counted, kind }) => counted && kind === "package").map(({ name }) => name);
  const names = countsMemory(zones) ? `${packages.join(", ")} + dram` : `${packages.join(", ")} (no memory counter)`;
  return `${cpu?.isGuest === true ? "virtualised counter" : "RAPL"} ${names} through powercap`;
}

function noZoneLeft(zones: readonly PowercapZone[]): CarbonOpsError {
  const first = zones.find(({ counted }) => counted)?.energyFile ?? "energy_uj";
  return new CarbonOpsError(
    "ENERGY_READ_FAILED",
    `No energy counter can be read (${first} and its siblings); run \`carbon-ops doctor\` to see why and what mends it.`,
  );
}
