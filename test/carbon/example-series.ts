import type { IntensityPeriod, IntensityProvider, IntensitySeries } from "../../src/intensity/intensity.ts";

export const hourMs = 3_600_000;

/** Hourly values one after the other; null leaves a gap. Observed, with an own error of 4 %, unless told otherwise. */
export function hourly(
  startTs: string,
  values: readonly (number | null)[],
  changes: Partial<IntensityPeriod> = {},
): readonly IntensityPeriod[] {
  const firstMs = Date.parse(startTs);
  return values.flatMap((gramsPerKwh, index) => {
    if (gramsPerKwh === null) return [];
    const startMs = firstMs + index * hourMs;
    const observed = { isEstimated: false, estimationMethod: null, relativeUncertainty: 0.04, updatedAt: null };
    return [{ startMs, endMs: startMs + hourMs, gramsPerKwh, ...observed, ...changes }];
  });
}

/** A live service's answer for Germany, whose method is worth 5 %. */
export function liveSeries(
  periods: readonly IntensityPeriod[],
  changes: Partial<IntensitySeries> = {},
): IntensitySeries {
  return {
    kind: "average",
    scope: "lifecycle",
    basis: "consumption",
    source: "a live service, hourly data",
    providerId: "live",
    providerVersion: "v4",
    endpoint: "https://live.example/v4/past-range?zone=DE",
    licence: "none",
    zone: "DE",
    zoneName: "Germany",
    providerZone: "DE",
    isFallback: false,
    periodSeconds: 3600,
    year: null,
    retrievedAt: "2025-07-01T12:00:00.000Z",
    bodySha256: "0".repeat(64),
    cache: "miss",
    cacheAgeSeconds: null,
    isProvisional: false,
    periods,
    errors: [
      {
        name: "source",
        sourceId: "intensity.source/provider=live",
        relativeUncertainty: 0.05,
        scope: "everything by this provider",
        citation: "judgement",
      },
    ],
    autocorrelationPerHour: 0.9,
    hourSourceId: "intensity.hour/zone=DE/provider=live",
    ...changes,
  };
}

/** Answers with what it is given, whatever is asked; a kind that it has no series of is refused in its own words. */
export function liveProvider(...series: readonly IntensitySeries[]): IntensityProvider {
  return {
    id: "live",
    kinds: ["average", "marginal"],
    async series({ kind }) {
      const found = series.find((candidate) => candidate.kind === kind);
      if (found === undefined) throw new Error(`live has no ${kind} values.`);
      return found;
    },
  };
}
