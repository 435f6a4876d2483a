import { CarbonOpsError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type CloudProvider, type CloudRegion, cloudRegions } from "./cloud-regions.ts";
import { countryRows } from "./countries.ts";
import { worldZone } from "./wide-areas.ts";
import { findZone, zones } from "./zones.ts";

/** What a region's name means: the grid zone whose intensity holds there. */
export interface ResolvedRegion {
  /** The name in its canonical spelling: "GB", "US-TEX-ERCO", "aws:eu-west-1", "us-east", "global-average". */
  readonly region: string;
  /** Key of the zone in the packaged table. */
  readonly zone: string;
  readonly zoneName: string;
  /** How the one became the other, in words. */
  readonly mapping: string;
  /** The cloud region it is, or null. */
  readonly cloud: { readonly provider: CloudProvider; readonly region: string } | null;
}

/** The region used when none is named: the Python original's name for the world average. */
export const worldRegion = "global-average";

/** Other names that people use for countries. */
const otherCountryNames: readonly (readonly [name: string, alpha2: string])[] = [
  ["UK", "GB"],
  ["Great Britain", "GB"],
  ["Britain", "GB"],
  ["United States of America", "US"],
  ["Holland", "NL"],
  ["Czech Republic", "CZ"],
  ["Turkey", "TR"],
  ["Korea", "KR"],
  ["Ivory Coast", "CI"],
  ["Macau", "MO"],
  ["Viet Nam", "VN"],
];

/**
 * The zone of a country (ISO code or name), grid zone, cloud region or one of the Python original's region names, whatever the
 * case. A cloud region may be written with its provider (`aws:eu-west-1`) or alone where only one provider has that name.
 * Throws REGION_UNKNOWN with the nearest name.
 */
export function resolveRegion(name: string): ResolvedRegion {
  const found = regionByName.get(keyOf(name));
  if (found !== undefined) return found;
  const suggestion = keyOf(name).length > 3 ? nearest(name.trim(), regionNames) : null;
  const hint = suggestion === null ? "" : `did you mean ${suggestion}? `;
  throw new CarbonOpsError(
    "REGION_UNKNOWN",
    `The region "${name}" is in no table; ${hint}\`carbon-ops regions\` lists those that are.`,
  );
}

function keyOf(name: string): string {
  return name.trim().toLowerCase();
}

interface NamedRegion {
  readonly name: string;
  readonly resolved: ResolvedRegion;
}

function regionIn(
  zone: string,
  region: string,
  mapping: string,
  cloud: ResolvedRegion["cloud"] = null,
): ResolvedRegion {
  return { region, zone, zoneName: findZone(zone)?.name ?? zone, mapping, cloud };
}

function zoneNames(): NamedRegion[] {
  return zones.map(({ key, name }) => ({
    name: key,
    resolved: key === worldZone ? worldAverage() : regionIn(key, key, `${key} is ${name}`),
  }));
}

function worldAverage(): ResolvedRegion {
  return regionIn(worldZone, worldRegion, "the world average stands in for a place that is not known");
}

function countryNames(): NamedRegion[] {
  const byCountry = countryRows.flatMap(([alpha2, alpha3, name]) => [
    { name: alpha3, resolved: regionIn(alpha2, alpha2, `${alpha3} is ${name}`) },
    { name, resolved: regionIn(alpha2, alpha2, `${name} is country ${alpha2}`) },
  ]);
  const others = otherCountryNames.map(([name, alpha2]) => ({
    name,
    resolved: regionIn(alpha2, alpha2, `${name} is country ${alpha2}`),
  }));
  return [...byCountry, ...others];
}

function cloudNames(): NamedRegion[] {
  const qualified = cloudRegions.map((cloud) => ({ name: qualifiedName(cloud), resolved: cloudResolved(cloud) }));
  const bare = cloudRegions
    .filter(({ region }) => cloudRegions.filter((other) => other.region === region).length === 1)
    .map((cloud) => ({ name: cloud.region, resolved: cloudResolved(cloud) }));
  return [...qualified, ...bare];
}

function qualifiedName({ provider, region }: CloudRegion): string {
  return `${provider}:${region}`;
}

function cloudResolved(cloud: CloudRegion): ResolvedRegion {
  const { provider, region, zone } = cloud;
  const mapping = `${qualifiedName(cloud)} draws from grid zone ${zone}`;
  return regionIn(zone, qualifiedName(cloud), mapping, { provider, region });
}

const namedRegions: readonly NamedRegion[] = [
  { name: worldRegion, resolved: worldAverage() },
  ...cloudNames(),
  ...countryNames(),
  ...zoneNames(),
];

/** Where two regions share a name ("Singapore": an OVH site and a country), the later and more general one wins. */
const regionByName: ReadonlyMap<string, ResolvedRegion> = new Map(
  namedRegions.map(({ name, resolved }) => [keyOf(name), resolved]),
);

const regionNames: readonly string[] = namedRegions.map(({ name }) => name);
