import type { IntensityError, IntensityErrorName, IntensitySeries } from "../intensity/intensity.ts";
import type { Bucket } from "./buckets.ts";
import type { EffectiveIntensity, HourError } from "./effective-intensity.ts";
import { intensityQuantities } from "./error-sources.ts";
import type { RecordedBucket, RecordedFigures, RecordedIntensity } from "./recorded-estimate.ts";

/** The intensity that a record was made with, from the record alone: for the kind that nobody knows better. */
export function intensityOfRecord(
  { intensity, intensity_g_per_kwh: gramsPerKwh, budget }: RecordedFigures,
  { isFallback, energyWh }: { readonly isFallback: boolean; readonly energyWh: number },
): EffectiveIntensity {
  const sharedErrors = sharedErrorsOf(budget);
  const dropped = intensity.dropped_energy_wh ?? 0;
  const buckets = (intensity.buckets ?? []).map(bucketOf);
  return {
    series: seriesOf(intensity, isFallback, sharedErrors),
    buckets,
    bucketCount: intensity.bucket_count ?? buckets.length,
    gramsPerKwh,
    sharedErrors,
    hourError: hourErrorOf(budget, intensity),
    coveredShare: (intensity.coverage_pct ?? 100) / 100,
    usedShare: dropped > 0 && energyWh > 0 ? 1 - dropped / energyWh : 1,
    isEstimated: intensity.is_estimated,
  };
}

const nameByQuantity: ReadonlyMap<string, IntensityErrorName> = new Map(
  (["source", "time", "age", "space"] as const).map((name) => [intensityQuantities[name], name]),
);

function sharedErrorsOf(budget: RecordedFigures["budget"]): readonly IntensityError[] {
  return budget.flatMap((row) => {
    const name = nameByQuantity.get(row.quantity);
    if (name === undefined || row.estimate === 0) return [];
    const relativeUncertainty = row.standard_uncertainty / row.estimate;
    return [{ name, sourceId: row.source_id, relativeUncertainty, scope: row.scope, citation: row.citation }];
  });
}

function hourErrorOf(budget: RecordedFigures["budget"], { bucket_count = 1 }: RecordedIntensity): HourError | null {
  const row = budget.find(({ source_id }) => source_id.startsWith("intensity.hour/"));
  if (row === undefined || row.estimate === 0) return null;
  const relativeUncertainty = row.standard_uncertainty / row.estimate;
  return { sourceId: row.source_id, relativeUncertainty, bucketCount: bucket_count };
}

function bucketOf(recorded: RecordedBucket): Bucket {
  const { grams_per_kwh: gramsPerKwh, energy_share: energyShare, estimation } = recorded;
  const [startMs, endMs] = [Date.parse(recorded.start_ts), Date.parse(recorded.end_ts)];
  const isEstimated = estimation !== "observed";
  return {
    startMs,
    endMs,
    energyShare,
    gramsPerKwh,
    origin: gramsPerKwh === null ? "missing" : "provider",
    isEstimated,
    estimationMethod: isEstimated ? estimation : null,
    relativeUncertainty: 0,
    periodMiddleMs: (startMs + endMs) / 2,
  };
}

function seriesOf(
  intensity: RecordedIntensity,
  isFallback: boolean,
  errors: readonly IntensityError[],
): IntensitySeries {
  const { kind, scope, basis, year, period, source, licence, zone } = intensity;
  return {
    ...{ kind, scope, basis, year, period, source, licence, zone, isFallback, errors },
    zoneName: intensity.zone_name,
    retrievedAt: intensity.retrieved_at,
    isProvisional: intensity.is_provisional ?? false,
    providerId: intensity.provider_id ?? "unknown",
    providerVersion: intensity.provider_version ?? "unknown",
    providerZone: intensity.provider_zone ?? zone,
    endpoint: intensity.endpoint ?? null,
    bodySha256: intensity.body_sha256 ?? null,
    cache: intensity.cache ?? "none",
    cacheAgeSeconds: intensity.cache_age_seconds ?? null,
    periodSeconds: intensity.period_seconds ?? null,
    periods: [],
    autocorrelationPerHour: intensity.autocorrelation_per_hour ?? 0,
    hourSourceId: "",
  };
}
