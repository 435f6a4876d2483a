import type { IntensityAnswer, IntensityKind, TimeInterval, ZoneIntensity } from "../intensity/intensity.ts";
import { type EffectiveIntensity, effectiveIntensity, lookedUp } from "./effective-intensity.ts";
import { summedEnergy } from "./energy-parts.ts";
import type { CarbonEstimate, GramsFigures } from "./estimate.ts";
import { type EstimationInputs, estimationOf } from "./estimation.ts";
import type { RecordedEstimate, RecordedFigures } from "./recorded-estimate.ts";
import { inputsOfRecord, spanOf } from "./recorded-inputs.ts";
import { intensityOfRecord } from "./recorded-intensity.ts";

/** A recorded estimate that may have a better intensity by now, and where to ask for it. */
export interface SettlementQuestion {
  readonly zone: string;
  readonly interval: TimeInterval;
}

/** Why an estimate is not asked for again. */
export type NotAskedReason = "settled" | "no_inputs" | "no_time" | "region_unknown" | "too_recent";

export interface RecordToSettle extends RecordedEstimate {
  readonly status: "provisional" | "settled";
}

/** What to ask for, or why there is nothing to ask. @param endedBeforeMs energy that was used later waits */
export function settlementQuestion(
  record: RecordToSettle,
  endedBeforeMs: number,
): SettlementQuestion | { readonly reason: NotAskedReason } {
  const marginalMayChange = record.marginal !== null && mayChange(record.marginal);
  if (record.status === "settled" && !marginalMayChange) return { reason: "settled" };
  if (record.inputs === undefined) return { reason: "no_inputs" };
  const interval = lookedUp(spanOf(record.inputs.looked_up));
  if (interval === null) return { reason: "no_time" };
  if (record.quality_flag === "fallback") return { reason: "region_unknown" };
  if (interval.endMs > endedBeforeMs) return { reason: "too_recent" };
  return { zone: record.intensity.zone, interval };
}

function mayChange({ intensity }: RecordedFigures): boolean {
  return intensity.is_provisional === true || (intensity.coverage_pct ?? 100) < 100;
}

export type Settlement =
  | { readonly outcome: "restated"; readonly estimate: CarbonEstimate; readonly reason: string }
  | { readonly outcome: "unchanged" | "nothing_better"; readonly reason: string };

/**
 * The estimate again with newer intensities, and everything else as it was recorded. A kind of intensity takes a new value only
 * when it is one of the hours themselves, of the same scope, and, where the record has a live value, of the same provider; otherwise the
 * recorded one stays. The kind of the main figures never changes. Throws INPUT_INVALID for too many buckets.
 */
export function settlementOf(record: RecordedEstimate, answers: ZoneIntensity): Settlement {
  const inputs = inputsOfRecord(record);
  if (inputs === null) return { outcome: "nothing_better", reason: "the record does not hold what it was made of" };
  const mainKind = record.intensity.kind;
  const main = judged(record, record, answers[mainKind], inputs);
  const marginal = mainKind === "marginal" ? null : judged(record.marginal, record, answers.marginal, inputs);
  const verdicts = [main, marginal].filter((verdict) => verdict !== null);
  const newer = verdicts.filter(isNewer);
  if (newer.length === 0) return withoutChange(verdicts);
  const attempts = [...answers.average.attempts, ...answers.marginal.attempts];
  const intensities =
    mainKind === "marginal"
      ? { average: null, marginal: main.used, attempts }
      : { average: main.used, marginal: marginal?.used ?? null, attempts };
  const estimate = estimationOf(inputs, intensities);
  const changed = newer.filter(({ previous, kind }) => !isSame(previous, figuresOf(estimate, kind)));
  if (changed.length === 0) return { outcome: "unchanged", reason: newer.map(sameText).join("; ") };
  const reason = changed.map((verdict) => changeText(verdict, figuresOf(estimate, verdict.kind))).join("; ");
  return { outcome: "restated", estimate, reason };
}

interface Verdict {
  readonly kind: IntensityKind;
  readonly previous: RecordedFigures | null;
  /** What the kind's figures are made with: the new value, or the recorded one. */
  readonly used: EffectiveIntensity | null;
  /** Why the recorded value stays; null where there is a new one. */
  readonly refusal: string | null;
}

type NewerVerdict = Verdict & { readonly used: EffectiveIntensity };

function isNewer(verdict: Verdict): verdict is NewerVerdict {
  return verdict.refusal === null && verdict.used !== null;
}

function judged(
  previous: RecordedFigures | null,
  record: RecordedEstimate,
  answer: IntensityAnswer,
  inputs: EstimationInputs,
): Verdict {
  const kind = previous?.intensity.kind ?? "marginal";
  const { span, energyByTime, missingPolicy: policy } = inputs;
  const { series } = answer;
  const found = series === null ? null : effectiveIntensity({ series, span, energyByTime, policy });
  const refusal = refusalOf(found, previous, answer);
  if (refusal === null) return { kind, previous, used: found, refusal };
  const kept = { isFallback: record.quality_flag === "fallback", energyWh: summedEnergy(inputs.energy).mean };
  return { kind, previous, used: previous === null ? null : intensityOfRecord(previous, kept), refusal };
}

/** A gap of some seconds at the end of a span is no reason to wait for ever. */
const completeShare = 0.99;

function refusalOf(
  found: EffectiveIntensity | null,
  previous: RecordedFigures | null,
  { attempts }: IntensityAnswer,
): string | null {
  const failures = attempts.flatMap(({ reason, providerId, outcome }) =>
    reason !== null && outcome === "failed" ? [`${providerId}: ${reason}`] : [],
  );
  if (found === null) return ["no provider has a value", ...failures].join("; ");
  const { series, coveredShare } = found;
  if (series.periodSeconds === null) {
    return failures.length === 0
      ? `only ${series.providerId} answers, whose value is not of these hours`
      : failures.join("; ");
  }
  if (previous === null) return coveredShare < completeShare ? incomplete(found) : null;
  const { intensity } = previous;
  if (series.scope !== intensity.scope) {
    return `${series.providerId} gives ${series.scope} intensities where the record has a ${intensity.scope} one: another quantity`;
  }
  const isLive = typeof intensity.period_seconds === "number";
  if (isLive && intensity.provider_id !== series.providerId) {
    const stays = `the record's value is of ${intensity.provider_id}, which does not answer now`;
    return [stays, ...failures].join("; ");
  }
  const needed = isLive ? Math.min(completeShare, (intensity.coverage_pct ?? 100) / 100) : completeShare;
  return coveredShare < needed - 1e-9 ? incomplete(found) : null;
}

function incomplete({ series, coveredShare }: EffectiveIntensity): string {
  return `${series.providerId} has values for ${Math.floor(100 * coveredShare)} % of the energy only`;
}

function withoutChange(verdicts: readonly Verdict[]): Settlement {
  return { outcome: "nothing_better", reason: verdicts[0]?.refusal ?? "no provider has a value" };
}

function figuresOf(estimate: CarbonEstimate, kind: IntensityKind): GramsFigures | null {
  return estimate.intensity.kind === kind ? estimate : estimate.marginal;
}

/** To rounding: what was recorded has been computed from the same numbers. */
const roundingRatio = 1e-9;

function isSame(previous: RecordedFigures | null, now: GramsFigures | null): boolean {
  if (previous === null || now === null) return previous === now;
  const { intensity } = previous;
  return (
    isClose(previous.intensity_g_per_kwh, now.intensityGPerKwh) &&
    isClose(previous.grams, now.grams) &&
    intensity.provider_id === now.intensity.providerId &&
    intensity.is_estimated === now.intensity.isEstimated &&
    (intensity.is_provisional ?? false) === now.intensity.isProvisional
  );
}

function isClose(left: number, right: number): boolean {
  return Math.abs(left - right) <= roundingRatio * Math.max(Math.abs(left), Math.abs(right));
}

function sameText({ used }: NewerVerdict): string {
  return `${used.series.providerId} gives the same values as before`;
}

function changeText({ kind, previous, used }: NewerVerdict, now: GramsFigures | null): string {
  const { providerId, isProvisional } = used.series;
  const which = kind === "marginal" ? "marginal rate: " : "";
  if (previous === null) return `${which}${providerId} knows one now`;
  const before = previous.intensity;
  const open = isProvisional ? ", which may still be revised" : "";
  if (before.provider_id !== providerId) {
    return `${which}${providerId} knows the hours that ${before.provider_id ?? before.source} had an annual value for${open}`;
  }
  if (now !== null && isClose(previous.intensity_g_per_kwh, now.intensityGPerKwh)) {
    return `${which}${providerId} confirmed its values${open}`;
  }
  return `${which}${providerId} revised its values${open}`;
}
