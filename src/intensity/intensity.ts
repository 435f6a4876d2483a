/** What the carbon intensity of electricity is, with everything that a reader needs to know before using the number. */

/**
 * Average: all generation over all consumption, for inventories. Marginal: the plants that answer one more kilowatt-hour, for
 * the effect of a decision. They are different quantities (GHG Protocol, Scope 2 Guidance) and are never mixed or added.
 */
export type IntensityKind = "average" | "marginal";

/** Lifecycle: fuel supply, plants and combustion. Direct: combustion only. */
export type IntensityScope = "lifecycle" | "direct";

/** Consumption: imports and exports traced. Production: what the area's own plants emit. */
export type IntensityBasis = "consumption" | "production";

/** Why an intensity may be off, one named part of its error. */
export type IntensityErrorName = "source" | "time" | "age" | "space";

export interface IntensityError {
  readonly name: IntensityErrorName;
  /** What the error is shared with, e.g. `intensity.source/provider=ember`. Equal ids mean the same error. */
  readonly sourceId: string;
  /** Standard deviation over mean that this part gives the intensity, taken as lognormal. Above 0. */
  readonly relativeUncertainty: number;
  /** What the error is the same over, in words. */
  readonly scope: string;
  /** Where the figure comes from. */
  readonly citation: string;
}

export interface IntensityValue {
  /** Grams of CO2e (of CO2 alone for a marginal rate) per kilowatt-hour; above 0 for averages, 0 or more for marginal rates. */
  readonly gramsPerKwh: number;
  readonly kind: IntensityKind;
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  /** Calendar year that an annual value is of; null for values of a shorter period. */
  readonly year: number | null;
  /** The period in words: "2024", "2023 or 2024", "2026-01-01T10:00Z, 1 h". */
  readonly period: string;
  /** Publisher and data set. */
  readonly source: string;
  /** Version of the provider that answered. */
  readonly providerVersion: string;
  readonly licence: string;
  /** Whether the number is something else than an observation of the interval that was asked for. */
  readonly isEstimated: boolean;
  /** Whether it stands in for a place that is unknown. */
  readonly isFallback: boolean;
  /** When it was fetched, ISO 8601; null for the packaged table. */
  readonly retrievedAt: string | null;
  readonly zone: string;
  readonly zoneName: string;
  /** Independent lognormal parts of the error. */
  readonly errors: readonly IntensityError[];
}

/** Wall-clock interval in milliseconds since 1970-01-01T00:00:00Z. */
export interface TimeInterval {
  readonly startMs: number;
  readonly endMs: number;
}

export interface ZoneIntensity {
  readonly average: IntensityValue;
  /** Null where no marginal value is known: an average never takes its place. */
  readonly marginal: IntensityValue | null;
}

/** Whatever answers for a zone and an interval: the packaged table, or a live service. */
export interface IntensityProvider {
  readonly id: string;
  /**
   * @param interval null when it is not known when the energy was used
   * @param zone a zone key as `resolveRegion` gives it
   * @throws CarbonOpsError REGION_UNKNOWN when the provider has no value for the zone
   */
  intensityFor(interval: TimeInterval | null, zone: string): Promise<ZoneIntensity>;
}
