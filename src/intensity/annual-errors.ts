import type { IntensityError, IntensityKind, TimeInterval } from "./intensity.ts";
import { annualAverageError, hourlyVariability } from "./variability.ts";
import type { Zone } from "./zones.ts";

/** The parts of the error of an annual value, each with its own identity, so that sums over tasks keep what they share. */

/**
 * Publishers differ in method (production or consumption, upstream emissions, factors): the ratio of Ember to Electricity Maps
 * over 42 countries in 2024 has a geometric mean of 1.05 and a standard deviation of the logarithm of 0.16. It does not average
 * out over tasks.
 */
export function sourceError(provider: string): IntensityError {
  return {
    name: "source",
    sourceId: `intensity.source/provider=${provider}`,
    relativeUncertainty: 0.16,
    scope: "everything estimated with this publisher's figures",
    citation: "ratio of Ember to Electricity Maps, 42 countries, 2024: standard deviation of the logarithm 0.16",
  };
}

/** No ground truth exists for a marginal rate: 30 % is our judgement (models: binned regression 10-15 %, proxies 30-40 %). */
export function marginalModelError(zone: string): IntensityError {
  return {
    name: "source",
    sourceId: `intensity.marginal-model/zone=${zone}`,
    relativeUncertainty: 0.3,
    scope: "everything estimated with this zone's marginal rate",
    citation: "judgement: marginal rates are modelled, and no ground truth exists",
  };
}

/**
 * The hours of the span are not the year's average. Spans that begin on the same UTC day share the error; where the time is not
 * known, nothing is known to differ. A marginal rate is given the variability of the average: its own is not published.
 */
export function timeError(kind: IntensityKind, zone: string, interval: TimeInterval | null): IntensityError | null {
  const spanMs = interval === null ? 0 : interval.endMs - interval.startMs;
  const relativeUncertainty = annualAverageError(hourlyVariability(zone), spanMs);
  if (relativeUncertainty === 0) return null;
  const day = interval === null ? "unknown" : new Date(interval.startMs).toISOString().slice(0, 10);
  return {
    name: "time",
    sourceId: `intensity.time/kind=${kind}/zone=${zone}/day=${day}`,
    relativeUncertainty,
    scope: "the zone's grid on this day",
    citation: "variation of hourly values within 2022, Electricity Maps hourly data (Sukprasert et al., EuroSys 2024)",
  };
}

/** Annual values of 352 zones moved by 2.4 to 4.1 % (median) from one year to the next, 2021 to 2025: 5 % a year. */
export function ageError(provider: string, zone: string, ageYears: number): IntensityError | null {
  if (ageYears === 0) return null;
  return {
    name: "age",
    sourceId: `intensity.age/provider=${provider}/zone=${zone}`,
    relativeUncertainty: 0.05 * Math.abs(ageYears),
    scope: "the zone's grid in this year",
    citation: "year-to-year change of Electricity Maps annual values 2021-2025, 352 zones: 5 % a year",
  };
}

/** The place is known only as an area whose grids differ. */
export function placeError({ key, relativeErrorOfPlace, isWorld }: Zone): IntensityError | null {
  if (relativeErrorOfPlace === 0) return null;
  return {
    name: "space",
    sourceId: `intensity.space/area=${key}`,
    relativeUncertainty: relativeErrorOfPlace,
    scope: "everything that ran at the same place",
    citation: isWorld
      ? "judgement: where nothing is known of the place, a factor of 2 for one standard deviation of the logarithm"
      : "judgement from the spread of the grids inside the area (Electricity Maps annual values, 2025)",
  };
}
