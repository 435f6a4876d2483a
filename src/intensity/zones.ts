import { countryRows } from "./countries.ts";
import { type AnnualDataset, type DatasetDescription, datasets } from "./datasets.ts";
import { gridZoneRows } from "./grid-zones.ts";
import { wideAreaRows, worldZone } from "./wide-areas.ts";

/** An area that the packaged table has an annual average for. */
export interface Zone {
  readonly key: string;
  readonly name: string;
  readonly gramsPerKwh: number;
  readonly dataset: DatasetDescription;
  /** Relative standard uncertainty of taking this area for the place where the energy was used. */
  readonly relativeErrorOfPlace: number;
  readonly isWorld: boolean;
}

/**
 * Relative error of taking a country for one of its grids, where they differ: a judgement from the spread of the zones inside
 * (Electricity Maps annual values of 2025), e.g. Canada 41 (Québec) to 385 g/kWh (Alberta), the United States 129 to 618.
 */
const splitCountries: Readonly<Record<string, number>> = {
  AU: 0.6,
  BR: 0.3,
  CA: 0.8,
  CN: 0.3,
  DK: 0.15,
  IN: 0.2,
  IT: 0.25,
  JP: 0.25,
  NO: 0.6,
  SE: 0.25,
  US: 0.6,
};

function emberDataset(year: 2022 | 2023 | 2024): AnnualDataset {
  return `ember-${year}`;
}

export const zones: readonly Zone[] = [
  ...countryRows.map(([key, , name, gramsPerKwh, year]) => ({
    key,
    name,
    gramsPerKwh,
    dataset: datasets[emberDataset(year)],
    relativeErrorOfPlace: splitCountries[key] ?? 0,
    isWorld: false,
  })),
  ...gridZoneRows.map(([key, name, gramsPerKwh]) => ({
    key,
    name,
    gramsPerKwh,
    dataset: datasets["electricity-maps-2025"],
    relativeErrorOfPlace: 0,
    isWorld: false,
  })),
  ...wideAreaRows.map(([key, name, gramsPerKwh, dataset, relativeErrorOfPlace]) => ({
    key,
    name,
    gramsPerKwh,
    dataset: datasets[dataset],
    relativeErrorOfPlace,
    isWorld: key === worldZone,
  })),
];

const zoneByKey: ReadonlyMap<string, Zone> = new Map(zones.map((zone) => [zone.key, zone]));

export function findZone(key: string): Zone | undefined {
  return zoneByKey.get(key);
}
