import type {
  IntensityBasis,
  IntensityError,
  IntensityKind,
  IntensityPeriod,
  IntensityScope,
  TimeInterval,
} from "./intensity.ts";

/** A value as a service gives it, before its error is judged. */
export interface SourcePeriod extends TimeInterval {
  readonly gramsPerKwh: number;
  readonly isEstimated: boolean;
  readonly estimationMethod: string | null;
  readonly updatedAt: string | null;
  /** Whether the publisher may still revise it. */
  readonly isProvisional: boolean;
}

/** One or more answers of a service for one stretch of time. */
export interface FetchedPeriods {
  /** Sorted and disjoint; they may lie outside the stretch that was asked for. */
  readonly periods: readonly SourcePeriod[];
  readonly retrievedAtMs: number;
  /** The service's clock in its answer, where it says; ours may be wrong. */
  readonly serverDateMs: number | null;
  readonly bodySha256: string;
  readonly endpoint: string;
  readonly providerVersion: string;
}

export interface FetchRequest extends TimeInterval {
  readonly kind: IntensityKind;
  readonly providerZone: string;
  readonly signal: AbortSignal | undefined;
}

export interface SeriesDescription {
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  readonly source: string;
  readonly licence: string;
}

export interface JudgedPeriods {
  readonly periods: readonly IntensityPeriod[];
  readonly errors: readonly IntensityError[];
}

/** What differs from one live service to the next; `liveProvider` does the rest. */
export interface PeriodSource {
  readonly id: string;
  readonly kinds: readonly IntensityKind[];
  /** Everything about the questions that changes the numbers; part of the cache's keys. */
  readonly variant: string;
  /** The longest stretch that one call of `fetch` may be for. */
  readonly longestFetchMs: number;
  /** How far into the future it has values. */
  readonly horizonMs: number;
  /** After this time a value, or its absence, is taken as final. */
  readonly settleMs: number;
  /** The service's key of a zone. Rejects with INTENSITY_NO_DATA where it has none. */
  providerZone(zone: string, kind: IntensityKind): Promise<string>;
  fetch(request: FetchRequest): Promise<FetchedPeriods>;
  describe(kind: IntensityKind, providerZone: string): SeriesDescription;
  /** Splits the error of each value into what the periods share and what is their own. */
  judge(zone: string, kind: IntensityKind, providerZone: string, periods: readonly SourcePeriod[]): JudgedPeriods;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
