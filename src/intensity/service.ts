import type { Clock } from "../clock.ts";
import type { ProviderCounters } from "./counters.ts";
import type { HttpClient } from "./http/client.ts";
import type { SourcePeriod } from "./period-source.ts";
import type { ZoneOverrides } from "./provider-zones.ts";

export interface ServiceSettings {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly counters: ProviderCounters;
  readonly baseUrl: string;
  readonly zones: ZoneOverrides;
}

/** ISO 8601 in UTC without fractions of a second. */
export function secondsIso(instantMs: number): string {
  return new Date(instantMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The address without a name and password that it may have held. */
export function endpointOf({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search}`;
}

/** In order, the last of several values of one period. */
export function disjoint(periods: readonly SourcePeriod[]): SourcePeriod[] {
  const byStart = new Map(periods.map((period) => [period.startMs, period]));
  const sorted = [...byStart.values()].sort((left, right) => left.startMs - right.startMs);
  return sorted.filter(({ startMs }, index) => startMs >= (sorted[index - 1]?.endMs ?? Number.NEGATIVE_INFINITY));
}
