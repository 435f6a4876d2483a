import type { IntensityPeriod, TimeInterval } from "../intensity/intensity.ts";
import { formatDurationSeconds } from "../units.ts";
import { invalidInput } from "./checked-number.ts";
import { compensatedSum } from "./compensated-sum.ts";
import { type EnergyAtTime, energyInPieces } from "./energy-by-time.ts";
import { type Filling, filledValue, type Neighbours } from "./missing-intensity.ts";

/**
 * What happens to energy of a time for which the provider has no value. "step": the value before it stands in (interpolated over
 * short gaps), flagged as estimated. "drop": that energy is left out of the grams, and named.
 */
export type MissingPolicy = "step" | "drop";

/** A part of a span in which one intensity holds. */
export interface Bucket extends TimeInterval {
  /** Share of the span's energy that fell into it, in [0, 1]. */
  readonly energyShare: number;
  /** Grams per kilowatt-hour, 0 or more; null where the energy is dropped. */
  readonly gramsPerKwh: number | null;
  /** Whether the value is the provider's own for this time, or what carbon-ops put in its place. */
  readonly origin: "provider" | Filling["origin"] | "missing";
  readonly isEstimated: boolean;
  readonly estimationMethod: string | null;
  /** The value's own error, standard deviation over mean. */
  readonly relativeUncertainty: number;
  /** Middle of the period that the value is of: neighbours' own errors are correlated by the time between them. */
  readonly periodMiddleMs: number;
}

export interface BucketRequest {
  readonly span: TimeInterval;
  /** Sorted, disjoint; may have gaps, and may reach beyond the span. */
  readonly periods: readonly IntensityPeriod[];
  readonly energyByTime: readonly EnergyAtTime[] | null;
  readonly policy: MissingPolicy;
  /** Whose hour-to-hour variation says how wrong a value of another hour is. */
  readonly zone: string;
}

/** A year of five-minute values (105,408) fits. */
const maximumBuckets = 120_000;

/** A span that ends in the millisecond in which it began was too short for the clock, not without time. */
const shortestSpanMs = 1;

/**
 * The span cut at the bounds of the provider's periods, each piece with its value and its share of the energy. Throws
 * INPUT_INVALID when there would be too many. Linear in periods and parts.
 */
export function cutIntoBuckets(request: BucketRequest): readonly Bucket[] {
  const { span, periods, energyByTime, policy } = request;
  const { startMs } = span;
  const endMs = Math.max(span.endMs, startMs + shortestSpanMs);
  const countInSpan = periods.filter((period) => period.endMs > startMs && period.startMs < endMs).length;
  checkCount(countInSpan, (endMs - startMs) / 1000);
  const pieces = piecesOf({ startMs, endMs }, periods);
  const energies = energyInPieces(pieces, energyByTime);
  const total = compensatedSum(energies, (energy) => energy);
  return pieces.map((piece, index) => ({
    startMs: piece.startMs,
    endMs: piece.endMs,
    energyShare: (energies[index] ?? 0) / total,
    ...(piece.period === null ? valueOfGap(piece, policy, request.zone) : bucketValueOf(piece.period)),
  }));
}

interface Piece extends TimeInterval {
  readonly period: IntensityPeriod | null;
  /** Of a gap: the period before it and the one after it, which may lie outside the span. */
  readonly neighbours: Neighbours;
}

function piecesOf({ startMs, endMs }: TimeInterval, periods: readonly IntensityPeriod[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let reachedMs = startMs;
  let before: IntensityPeriod | null = null;
  for (const period of periods) {
    const gapEndMs = Math.min(period.startMs, endMs);
    if (gapEndMs > reachedMs) {
      pieces.push({ startMs: reachedMs, endMs: gapEndMs, period: null, neighbours: { before, after: period } });
      reachedMs = gapEndMs;
    }
    if (reachedMs >= endMs) return pieces;
    const pieceEndMs = Math.min(period.endMs, endMs);
    if (pieceEndMs > reachedMs) {
      pieces.push({ startMs: reachedMs, endMs: pieceEndMs, period, neighbours: { before, after: null } });
      reachedMs = pieceEndMs;
    }
    before = period;
  }
  if (reachedMs < endMs) pieces.push({ startMs: reachedMs, endMs, period: null, neighbours: { before, after: null } });
  return pieces;
}

type BucketValue = Omit<Bucket, "startMs" | "endMs" | "energyShare">;

function bucketValueOf(period: IntensityPeriod): BucketValue {
  const { gramsPerKwh, isEstimated, estimationMethod, relativeUncertainty, startMs, endMs } = period;
  return {
    gramsPerKwh,
    origin: "provider",
    isEstimated,
    estimationMethod,
    relativeUncertainty,
    periodMiddleMs: (startMs + endMs) / 2,
  };
}

function valueOfGap(gap: Piece, policy: MissingPolicy, zone: string): BucketValue {
  const periodMiddleMs = (gap.startMs + gap.endMs) / 2;
  const filling = policy === "drop" ? null : filledValue(gap, gap.neighbours, zone);
  if (filling === null) {
    return {
      gramsPerKwh: null,
      origin: "missing",
      isEstimated: true,
      estimationMethod: null,
      relativeUncertainty: 0,
      periodMiddleMs,
    };
  }
  return { ...filling, isEstimated: true, estimationMethod: `carbon-ops: ${filling.origin}`, periodMiddleMs };
}

function checkCount(count: number, spanSeconds: number): void {
  if (count <= maximumBuckets) return;
  const bucketSeconds = spanSeconds / count;
  throw invalidInput(
    `The span of ${formatDurationSeconds(spanSeconds)} would be cut into ${count} buckets of about ${formatDurationSeconds(bucketSeconds)}, but at most ${maximumBuckets} are allowed; split the span, or ask the provider for values of at least ${formatDurationSeconds(Math.ceil(spanSeconds / maximumBuckets))}.`,
  );
}
