import type { IntensityError, IntensitySeries, TimeInterval } from "../intensity/intensity.ts";
import { autoregressiveSum } from "../uncertainty/correlated-sum.ts";
import { type Bucket, cutIntoBuckets, type MissingPolicy } from "./buckets.ts";
import { compensatedSum, weightedMean } from "./compensated-sum.ts";
import type { EnergyAtTime } from "./energy-by-time.ts";

/** The one intensity that gives the grams of all buckets, and its errors. */
export interface EffectiveIntensity {
  readonly series: IntensitySeries;
  readonly buckets: readonly Bucket[];
  /** Parts that the span was cut into; of a recorded intensity more than the buckets that were kept. */
  readonly bucketCount: number;
  /** Energy-weighted mean of the buckets' values; 0 is a valid marginal rate. */
  readonly gramsPerKwh: number;
  /** What all periods share. */
  readonly sharedErrors: readonly IntensityError[];
  /** The periods' own errors, summed with their correlation; null where there are none. */
  readonly hourError: HourError | null;
  /** Share of the energy that fell into the provider's own periods, in [0, 1]. */
  readonly coveredShare: number;
  /** Share of the energy that is in the grams: below 1 only where the policy drops the rest. */
  readonly usedShare: number;
  /** Whether any value in use is something else than an observation of its time. */
  readonly isEstimated: boolean;
}

export interface HourError {
  readonly sourceId: string;
  /** Standard deviation over mean of the effective intensity. */
  readonly relativeUncertainty: number;
  readonly bucketCount: number;
}

export interface EffectiveIntensityRequest {
  readonly series: IntensitySeries;
  /** Null when it is not known when the energy was used. */
  readonly span: TimeInterval | null;
  readonly energyByTime: readonly EnergyAtTime[] | null;
  readonly policy: MissingPolicy;
}

/** Null where no value falls into the span, or none that the policy lets stand for it. Throws INPUT_INVALID for too many buckets. */
export function effectiveIntensity(request: EffectiveIntensityRequest): EffectiveIntensity | null {
  const { series, energyByTime, policy } = request;
  const span = request.span ?? spanOf(series);
  if (span === null) return null;
  const buckets = cutIntoBuckets({ span, periods: series.periods, energyByTime, policy, zone: series.zone });
  const used = buckets.filter(isUsed);
  const usedShare = shareOf(buckets, isUsed);
  if (usedShare === 0) return null;
  const gramsPerKwh = weightedMean(used.map((bucket) => ({ weight: bucket.energyShare, value: bucket.gramsPerKwh })));
  return {
    series,
    buckets,
    bucketCount: buckets.length,
    gramsPerKwh,
    sharedErrors: gramsPerKwh === 0 ? [] : series.errors,
    hourError: gramsPerKwh === 0 ? null : hourErrorOf(used, usedShare * gramsPerKwh, series),
    coveredShare: shareOf(buckets, ({ origin }) => origin === "provider"),
    usedShare,
    isEstimated: used.some(({ isEstimated }) => isEstimated),
  };
}

/** The times to ask a provider for: a span too short for the clock still lies in some period. */
export function lookedUp(span: TimeInterval | null): TimeInterval | null {
  return span === null ? null : { startMs: span.startMs, endMs: Math.max(span.endMs, span.startMs + 1) };
}

/** Where the time is not known, every period of the answer counts by its length. */
function spanOf({ periods }: IntensitySeries): TimeInterval | null {
  const [first, last] = [periods.at(0), periods.at(-1)];
  return first === undefined || last === undefined ? null : { startMs: first.startMs, endMs: last.endMs };
}

type UsedBucket = Bucket & { readonly gramsPerKwh: number };

function isUsed(bucket: Bucket): bucket is UsedBucket {
  return bucket.gramsPerKwh !== null;
}

/** Exactly 1 where no energy is left out, whatever the shares sum to by rounding. */
function shareOf(buckets: readonly Bucket[], isIn: (bucket: Bucket) => boolean): number {
  const within = compensatedSum(buckets, (bucket) => (isIn(bucket) ? bucket.energyShare : 0));
  const without = compensatedSum(buckets, (bucket) => (isIn(bucket) ? 0 : bucket.energyShare));
  return within === 0 ? 0 : within / (within + without);
}

const hourMs = 3_600_000;

/** Neighbours' errors are correlated by rho to the power of the hours between the middles of their periods. */
function hourErrorOf(buckets: readonly UsedBucket[], total: number, series: IntensitySeries): HourError | null {
  const { autocorrelationPerHour: rho, hourSourceId } = series;
  const contributions = buckets.map(
    ({ energyShare, gramsPerKwh, relativeUncertainty }) => (energyShare * gramsPerKwh * relativeUncertainty) / total,
  );
  const relativeUncertainty = autoregressiveSum(contributions, rho, gapHoursBetween(buckets));
  if (relativeUncertainty === 0) return null;
  const sourceId = `${hourSourceId}/rho=${rho}/t=${hourText(middleOfEnergy(buckets))}`;
  return { sourceId, relativeUncertainty, bucketCount: buckets.length };
}

function gapHoursBetween(buckets: readonly UsedBucket[]): readonly number[] {
  return buckets
    .slice(1)
    .map(({ periodMiddleMs }, index) =>
      Math.max(0, (periodMiddleMs - (buckets[index]?.periodMiddleMs ?? periodMiddleMs)) / hourMs),
    );
}

/** The hour around which the energy lies: what places this record within the family of its zone's hours. */
function middleOfEnergy(buckets: readonly UsedBucket[]): number {
  return weightedMean(
    buckets.map(({ energyShare, periodMiddleMs }) => ({ weight: energyShare, value: periodMiddleMs })),
  );
}

function hourText(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 13)}Z`;
}
