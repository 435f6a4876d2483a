import { cloudRegions } from "./cloud-regions.ts";
import { countryRows } from "./countries.ts";
import type { IntensityBasis } from "./intensity.ts";
import { marginalRateLicence, marginalRateOf, marginalRatePeriod, marginalRateSource } from "./marginal-rates.ts";
import { type ResolvedRegion, resolveRegion } from "./regions.ts";
import { findZone, zones } from "./zones.ts";

/** One line of `carbon-ops regions`. */
export interface RegionMatch {
  /** What `--region` accepts. */
  readonly region: string;
  readonly zone: string;
  readonly name: string;
  /** Annual life-cycle average in g CO2e/kWh. */
  readonly averageGramsPerKwh: number;
  readonly averageYear: number;
  readonly averageBasis: IntensityBasis;
  readonly averageSource: string;
  readonly averageLicence: string;
  /** How the region becomes the zone, in words. */
  readonly mapping: string;
  /** Annual marginal rate, direct, in g CO2/kWh; null where none is known, as the members about it are then. */
  readonly marginalGramsPerKwh: number | null;
  readonly marginalPeriod: string | null;
  readonly marginalSource: string | null;
  readonly marginalLicence: string | null;
}

/**
 * Regions whose code or name holds every word of the query, exact codes first; all of them for an empty query. The result is
 * empty when nothing fits: a search is not an error.
 */
export function findRegions(query = ""): readonly RegionMatch[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = searchable.filter(({ text }) => words.every((word) => text.includes(word)));
  const wanted = query.trim().toLowerCase();
  const isExact = ({ codes }: Searchable): boolean => codes.includes(wanted);
  return [...found.filter(isExact), ...found.filter((entry) => !isExact(entry))].map(({ match }) => match);
}

interface Searchable {
  /** Lower-case names that mean exactly this region. */
  readonly codes: readonly string[];
  readonly text: string;
  readonly match: RegionMatch;
}

const alpha3ByAlpha2: ReadonlyMap<string, string> = new Map(countryRows.map(([alpha2, alpha3]) => [alpha2, alpha3]));

const searchable: readonly Searchable[] = [
  ...zones.map(({ key }) => searchableOf(resolveRegion(key), [key, alpha3ByAlpha2.get(key) ?? ""])),
  ...cloudRegions.map(({ provider, region }) => {
    const name = `${provider}:${region}`;
    return searchableOf(resolveRegion(name), [name, region]);
  }),
].filter((entry) => entry !== null);

function searchableOf(resolved: ResolvedRegion, names: readonly string[]): Searchable | null {
  const zone = findZone(resolved.zone);
  if (zone === undefined) return null;
  const marginalGramsPerKwh = marginalRateOf(zone.key);
  const known = <Words>(words: Words): Words | null => (marginalGramsPerKwh === null ? null : words);
  const codes = [...names, resolved.region].map((name) => name.toLowerCase()).filter((name) => name !== "");
  return {
    codes,
    text: `${codes.join(" ")} ${zone.key} ${zone.name}`.toLowerCase(),
    match: {
      region: resolved.region,
      zone: zone.key,
      name: zone.name,
      averageGramsPerKwh: zone.gramsPerKwh,
      averageYear: zone.dataset.year,
      averageBasis: zone.dataset.basis,
      averageSource: zone.dataset.source,
      averageLicence: zone.dataset.licence,
      mapping: resolved.mapping,
      marginalGramsPerKwh,
      marginalPeriod: known(marginalRatePeriod),
      marginalSource: known(marginalRateSource),
      marginalLicence: known(marginalRateLicence),
    },
  };
}
