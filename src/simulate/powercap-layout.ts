import { countsPerLap } from "./counter.ts";
import type { SimulatedDomain, SimulatedHost } from "./host.ts";
import { wholeTimes } from "./ratio.ts";

/** A domain as a zone of the powercap tree. */
export interface SimulatedZone {
  readonly domain: SimulatedDomain;
  /** "intel-rapl:0:1": the index of each level in hexadecimal. */
  readonly directoryName: string;
  /** Below the powercap devices: "intel-rapl/intel-rapl:0/intel-rapl:0:1". */
  readonly directory: string;
  /** What max_energy_range_uj says; null: the file is missing. */
  readonly rangeMicrojoules: bigint | null;
}

/** The zones of a host, parents before their parts. */
export function powercapZones(host: SimulatedHost): SimulatedZone[] {
  const zones: SimulatedZone[] = [];
  const children = new Map<string, number>();
  for (const domain of host.domains) {
    const parent = zones.find((zone) => domain.inside !== null && zone.domain === domain.inside);
    const controlType = domain.window === "msr" ? "intel-rapl" : "intel-rapl-mmio";
    const parentName = parent?.directoryName ?? controlType;
    const index = children.get(parentName) ?? 0;
    children.set(parentName, index + 1);
    const directoryName = `${parentName}:${index.toString(16)}`;
    zones.push({
      domain,
      directoryName,
      directory: `${parent?.directory ?? controlType}/${directoryName}`,
      rangeMicrojoules: host.shape.quirks.includes("no-range") ? null : largestShown(domain),
    });
  }
  return zones;
}

function largestShown({ counter }: SimulatedDomain): bigint {
  return wholeTimes(countsPerLap - 1n, counter.unit.shownMicrojoules);
}
