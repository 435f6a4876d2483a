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

/** Wall-clock interval in milliseconds since 1970-01-01T00:00:00Z; half-open. */
export interface TimeInterval {
  readonly startMs: number;
  readonly endMs: number;
}

/** One period that a provider gave a value for; half-open. */
export interface IntensityPeriod extends TimeInterval {
  /** Grams of CO2e (of CO2 alone for a marginal rate) per kilowatt-hour: finite, 0 or more. */
  readonly gramsPerKwh: number;
  /** Whether it is something else than an observation of the period: forecast, modelled, imputed, an annual value. */
  readonly isEstimated: boolean;
  /** The provider's own word for how; null for an observation. */
  readonly estimationMethod: string | null;
  /** Standard deviation over mean of the period's OWN error; neighbours are correlated, see the series. 0 when there is none. */
  readonly relativeUncertainty: number;
  /** When the provider last changed the value, ISO 8601, where it says so. */
  readonly updatedAt: string | null;
}

/** One provider's values of one kind for one zone over an interval. */
export interface IntensitySeries {
  readonly kind: IntensityKind;
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  /** Publisher and data set. */
  readonly source: string;
  readonly providerId: string;
  /** Version of the interface and of the model, or of the table. */
  readonly providerVersion: string;
  /** What was asked, without credentials; null where nothing was asked over a network. */
  readonly endpoint: string | null;
  readonly licence: string;
  /** Our key of the zone, as it was asked for. */
  readonly zone: string;
  readonly zoneName: string;
  /** The provider's key of the zone. */
  readonly providerZone: string;
  /** Whether it stands in for a place that is unknown. */
  readonly isFallback: boolean;
  /** Length of a period in seconds; null for an annual value. */
  readonly periodSeconds: number | null;
  /** Calendar year of an annual value; null for shorter periods. */
  readonly year: number | null;
  /** What an annual value is of, where that is more than its year: "2023 or 2024". */
  readonly period?: string;
  /** When the oldest of the values was fetched, ISO 8601; null for a packaged table. */
  readonly retrievedAt: string | null;
  /** SHA-256 of the answer in hexadecimal; of the hashes, one after the other, where several answers were needed. */
  readonly bodySha256: string | null;
  /** "hit": nothing had to be fetched. "miss": something had. "none": there is no cache. */
  readonly cache: "none" | "hit" | "miss";
  /** Age of the oldest value that came from the cache. */
  readonly cacheAgeSeconds: number | null;
  /** Whether its publisher may still revise a value. */
  readonly isProvisional: boolean;
  /**
   * Sorted and disjoint, with or without gaps. An annual value is one period, as long as the request's interval, or as the
   * year of the value where the request has none.
   */
  readonly periods: readonly IntensityPeriod[];
  /** Independent lognormal parts of the error, each shared by all periods. */
  readonly errors: readonly IntensityError[];
  /** Correlation of the periods' own errors over one hour, 0 to 1: over h hours it is this to the power of h. */
  readonly autocorrelationPerHour: number;
  /** Family that the periods' own errors belong to, e.g. `intensity.hour/zone=DE/provider=electricity-maps`. */
  readonly hourSourceId: string;
  /** Why something is missing or older than it should be, although there is an answer; absent when nothing is. */
  readonly shortfall?: { readonly code: string; readonly reason: string };
}

export interface IntensityRequest {
  readonly kind: IntensityKind;
  /** Null when it is not known when the energy was used. */
  readonly interval: TimeInterval | null;
  /** A zone key as `resolveRegion` gives it. */
  readonly zone: string;
  readonly signal?: AbortSignal;
}

/** Whatever answers for a zone and an interval: the packaged table, a live service, or a user's own. */
export interface IntensityProvider {
  readonly id: string;
  /** The kinds that it can give. */
  readonly kinds: readonly IntensityKind[];
  /**
   * Values whose periods cover the request's interval, or a part of it. Rejects when it has none, with an error whose message
   * says why: it never answers for another zone or kind, and never with made-up data.
   */
  series(request: IntensityRequest): Promise<IntensitySeries>;
}

/** What became of asking one provider. */
export interface ProviderAttempt {
  readonly providerId: string;
  readonly kind: IntensityKind;
  readonly outcome: "answered" | "failed" | "not_asked";
  /** Code of its error, where it had one. */
  readonly code: string | null;
  /** Why it did not answer, or not with everything, in one sentence. */
  readonly reason: string | null;
}

export interface IntensityAnswer {
  /** Null where no provider has a value of this kind: the other kind never takes its place. */
  readonly series: IntensitySeries | null;
  readonly attempts: readonly ProviderAttempt[];
}

export interface IntensityLookup {
  lookup(interval: TimeInterval | null, zone: string, signal?: AbortSignal): Promise<ZoneIntensity>;
}

export interface ZoneIntensity {
  readonly average: IntensityAnswer;
  readonly marginal: IntensityAnswer;
}
