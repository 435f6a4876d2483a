import { type NotAskedReason, settlementOf, settlementQuestion } from "../carbon/settlement.ts";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { IntensityAnswer, IntensityLookup } from "../intensity/intensity.ts";
import type { AppendedLine, JsonObject } from "../ledger/index.ts";
import { type PlacedLine, readSegments } from "../ledger/read-segments.ts";
import { type CarbonEstimateRecord, restatedEstimateRecord } from "../record/carbon-estimate-record.ts";
import { parseRecord } from "../record/parse-record.ts";
import { buildRestatementRecord, type RecordPlace, type RestatementRecord } from "../record/restatement-record.ts";
import type { KeptEstimates, RestatedEstimate } from "../report/terminal/settlement.ts";
import { findLatest, lineHashOf } from "./ledger-estimates.ts";

export interface SettlementRequest {
  readonly path: string;
  readonly intensity: IntensityLookup;
  readonly clock: Clock;
  /** Energy that was used later than this waits. */
  readonly endedBeforeMs: number;
  /** Null where nothing is to be written. */
  readonly append: ((record: JsonObject) => Promise<AppendedLine>) | null;
}

/** Grows while the settlement goes on, so that what was done before a failure can be told. */
export interface SettlementProgress {
  estimateCount: number;
  readonly restated: RestatedEstimate[];
  readonly kept: Map<string, KeptEstimates>;
  /** Estimates of which a kind could be asked of no service, and why, in the first one's words. */
  unreachedCount: number;
  unreachedWhy: string | null;
}

export function noProgress(): SettlementProgress {
  return { estimateCount: 0, restated: [], kept: new Map(), unreachedCount: 0, unreachedWhy: null };
}

const notAskedWords: Readonly<Record<NotAskedReason, string>> = {
  settled: "settled: their values are final",
  no_inputs: "can never be settled: recorded before schema 1.2.0, without what the estimate was made of",
  no_time: "can never be settled: nobody said when the energy was used",
  region_unknown: "can never be settled: no region was named, and the world average stands in",
  too_recent: "too recent: their values are still on the way (--older-than)",
};

/**
 * Two walks over the ledger and its segments: one finds which record of each estimate counts, the other asks for those anew. What
 * is appended meanwhile is left to the next settlement. Memory grows with the number of restatements alone.
 */
export async function settleLedger(request: SettlementRequest, progress: SettlementProgress): Promise<void> {
  const { latest, lineCount } = await findLatest(request.path);
  let lines = 0;
  for await (const placed of readSegments(request.path)) {
    if (lines >= lineCount) break;
    lines += 1;
    const { record } = placed;
    if (record === null || latest.replacementOf(placed, record, () => lineHashOf(placed)) !== null) continue;
    const estimate = estimateOf(record);
    if (estimate === null) continue;
    progress.estimateCount += 1;
    await settleOne(placed, estimate, request, progress);
  }
}

/** Null for a record that is no estimate. Throws RECORD_INVALID for an estimate that does not fit its schema. */
function estimateOf(record: JsonObject): CarbonEstimateRecord | RestatementRecord | null {
  if (record["kind"] !== "carbon_estimate" && record["kind"] !== "restatement") return null;
  const parsed = parseRecord(record);
  return parsed.kind === "carbon_estimate" || parsed.kind === "restatement" ? parsed : null;
}

async function settleOne(
  placed: PlacedLine,
  record: CarbonEstimateRecord | RestatementRecord,
  request: SettlementRequest,
  progress: SettlementProgress,
): Promise<void> {
  const previous = record.kind === "restatement" ? record.record : record;
  const replaces: RecordPlace = { seq: placed.seq, lineHash: lineHashOf(placed) };
  const restates =
    record.kind === "restatement" ? { seq: record.restates.seq, lineHash: record.restates.line_hash } : replaces;
  const question = settlementQuestion(previous, request.endedBeforeMs);
  if ("reason" in question) return keep(progress, question.reason, notAskedWords[question.reason]);
  const answers = await request.intensity.lookup(question.interval, question.zone);
  const why = unreachedWhy(answers.average) ?? unreachedWhy(answers.marginal);
  if (why !== null) {
    progress.unreachedCount += 1;
    progress.unreachedWhy ??= why;
  }
  try {
    const settlement = settlementOf(previous, answers);
    if (settlement.outcome !== "restated") return keep(progress, settlement.outcome, keptWords(settlement));
    const restated = restatedEstimateRecord(previous, settlement.estimate);
    const createdAt = isoFromWallMs(request.clock.wallMs());
    const { reason } = settlement;
    const restatement = buildRestatementRecord({ createdAt, restates, replaces, reason, previous, restated });
    const appended = request.append === null ? null : await request.append(restatement);
    progress.restated.push({
      restatesSeq: restates.seq,
      replacesSegment: placed.segment,
      replacesSeq: placed.seq,
      segment: appended?.segment ?? null,
      seq: appended?.seq ?? null,
      lineHash: appended?.lineHash ?? null,
      region: restated.region,
      oldGrams: previous.grams,
      newGrams: restated.grams,
      differenceGrams: restatement.difference_grams,
      oldIntensityGPerKwh: previous.intensity_g_per_kwh,
      newIntensityGPerKwh: restated.intensity_g_per_kwh,
      reason,
    });
  } catch (error) {
    // One record that cannot be made again, or has no room in a line, does not cost the others.
    if (!(error instanceof CarbonOpsError) || !ofOneRecord.includes(error.code)) throw error;
    keep(progress, "impossible", error.message);
  }
}

/** Failures that last until somebody does something: a plan's limit or a missing value is an answer. */
const unreachedCodes: readonly string[] = [
  "INTENSITY_CREDENTIALS",
  "INTENSITY_UNAVAILABLE",
  "INTENSITY_RATE_LIMITED",
  "INTENSITY_ANSWER_INVALID",
];

/** Why no service could be asked for a kind; null where one could, or where none was to be asked. */
function unreachedWhy({ attempts, series }: IntensityAnswer): string | null {
  const failed = attempts.find(({ code }) => unreachedCodes.includes(code ?? ""));
  if (failed === undefined) return null;
  const isAnswered = attempts.some(({ outcome, code }) => outcome === "answered" && code === null);
  // A value of a year does not say that a service was reached.
  if (isAnswered && series !== null && series.periodSeconds !== null) return null;
  return `${failed.providerId}: ${failed.reason ?? "no reason given"}`;
}

const ofOneRecord: readonly string[] = ["RECORD_INVALID", "INPUT_INVALID"];

function keptWords({ outcome, reason }: { readonly outcome: string; readonly reason: string }): string {
  return outcome === "unchanged" ? `nothing new: ${reason}` : `nothing better is known: ${reason}`;
}

function keep({ kept }: SettlementProgress, outcome: string, reason: string): void {
  const key = `${outcome} ${reason}`;
  kept.set(key, { outcome, reason, count: (kept.get(key)?.count ?? 0) + 1 });
}
