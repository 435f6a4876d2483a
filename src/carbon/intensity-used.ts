import { isoFromWallMs } from "../clock.ts";
import { formatDurationSeconds } from "../units.ts";
import type { Bucket, MissingPolicy } from "./buckets.ts";
import { compensatedSum, weightedMean } from "./compensated-sum.ts";
import type { EffectiveIntensity } from "./effective-intensity.ts";
import type { BucketUsed, IntensityUsed } from "./estimate.ts";

/** A day of quarter hours; a record stays below some 15 kB. */
const maximumRecordedBuckets = 96;

/** What an estimate says about its intensity: enough for a reader to judge it, and for a settlement to ask again. */
export function intensityUsed(
  { series, buckets, bucketCount, isEstimated, coveredShare, usedShare }: EffectiveIntensity,
  mapping: string,
  missingPolicy: MissingPolicy,
  energyWh: number,
): IntensityUsed {
  return {
    kind: series.kind,
    scope: series.scope,
    basis: series.basis,
    year: series.year,
    period: series.period ?? periodText(series.year, series.periodSeconds, buckets),
    source: series.source,
    licence: series.licence,
    isEstimated,
    isProvisional: series.isProvisional,
    retrievedAt: series.retrievedAt,
    zone: series.zone,
    zoneName: series.zoneName,
    mapping,
    providerId: series.providerId,
    providerVersion: series.providerVersion,
    providerZone: series.providerZone,
    endpoint: series.endpoint,
    bodySha256: series.bodySha256,
    cache: series.cache,
    cacheAgeSeconds: series.cacheAgeSeconds,
    periodSeconds: series.periodSeconds,
    autocorrelationPerHour: series.autocorrelationPerHour,
    missingPolicy,
    coveragePct: 100 * coveredShare,
    droppedEnergyWh: Math.max(0, energyWh * (1 - usedShare)),
    bucketCount,
    buckets: recordedBuckets(buckets),
  };
}

function periodText(year: number | null, periodSeconds: number | null, buckets: readonly Bucket[]): string {
  if (year !== null) return String(year);
  const [first, last] = [buckets.at(0), buckets.at(-1)];
  if (first === undefined || last === undefined) return "no time";
  const length = periodSeconds === null ? "" : `, values of ${formatDurationSeconds(periodSeconds)}`;
  return `${isoFromWallMs(first.startMs)} to ${isoFromWallMs(last.endMs)}${length}`;
}

/** Neighbours are merged evenly until they are few enough: a settlement then asks for the whole of a merged part. */
function recordedBuckets(buckets: readonly Bucket[]): readonly BucketUsed[] {
  const groupSize = Math.ceil(buckets.length / maximumRecordedBuckets);
  const groups: BucketUsed[] = [];
  for (let index = 0; index < buckets.length; index += groupSize) {
    groups.push(merged(buckets.slice(index, index + groupSize)));
  }
  return groups;
}

function merged(group: readonly Bucket[]): BucketUsed {
  const known = group.flatMap(({ energyShare, gramsPerKwh }) =>
    gramsPerKwh === null ? [] : [{ weight: energyShare, value: gramsPerKwh }],
  );
  // Where no energy fell into the group its values count alike.
  const hasEnergy = known.some(({ weight }) => weight > 0);
  const mean = weightedMean(hasEnergy ? known : known.map(({ value }) => ({ weight: 1, value })));
  return {
    startTs: isoFromWallMs(group.at(0)?.startMs ?? 0),
    endTs: isoFromWallMs(group.at(-1)?.endMs ?? 0),
    gramsPerKwh: known.length === 0 ? null : mean,
    energyShare: Math.min(
      1,
      compensatedSum(group, ({ energyShare }) => energyShare),
    ),
    estimation: [...new Set(group.map(estimationOf))].join(", "),
  };
}

function estimationOf({ origin, isEstimated, estimationMethod }: Bucket): string {
  if (origin === "missing") return "dropped: no value is known";
  return isEstimated ? (estimationMethod ?? "estimated") : "observed";
}
