import { carbonEquivalents } from "../../../carbon/equivalents.ts";
import { CarbonOpsError, messageOf } from "../../../errors.ts";
import type { IntensityKind } from "../../../intensity/intensity.ts";
import type { JsonObject } from "../../../ledger/index.ts";
import type { CarbonEstimateRecord } from "../../../record/carbon-estimate-record.ts";
import { isRecordKind, parseRecord } from "../../../record/parse-record.ts";
import type { LedgerReport, LeftOut, Period, TimeSeries } from "../../../report/ledger-report.ts";
import { type FilterOptions, isAskedFor } from "../ledger/record-filter.ts";
import { dimensionsOf, shownLabels } from "./dimensions.ts";
import { openEvidence } from "./evidence.ts";
import type { Periods } from "./periods.ts";
import { checkSummable } from "./summable.ts";
import { surveyOf } from "./survey.ts";
import { openTallies } from "./tallies.ts";
import { openTotals, type Totals } from "./totals.ts";
import { uncertaintyShares } from "./uncertainty-shares.ts";
import type { VerifiedLine } from "./verified-lines.ts";

export type LedgerDigest = Omit<LedgerReport, "title" | "path" | "madeAt" | "filters" | "verification">;

/** Two passes over a ledger, in memory that does not grow with its records: `lines` is called for each. */
export async function digestOf(
  lines: () => AsyncIterable<VerifiedLine>,
  filter: FilterOptions,
  rowCount: number,
): Promise<LedgerDigest> {
  const survey = await surveyOf(lines(), filter);
  const all = openTotals<"total">();
  const periods = openTotals<number | null>();
  const breakdowns = dimensionsOf(survey, rowCount);
  const evidence = openEvidence();
  const otherKinds = openTallies<string>(20);
  const energy = { varianceWh: 0, sumWh: 0, recordCount: 0 };
  const span = { startTs: "", endTs: "" };
  let [supersededCount, partCount, unusableCount] = [0, 0, 0];
  let firstUnusable: LeftOut["firstUnusable"] = null;
  const take = (estimate: CarbonEstimateRecord): void => {
    all.add("total", estimate);
    periods.add(periodOf(survey.periods, estimate.start_ts), estimate);
    for (const breakdown of breakdowns) breakdown.add(estimate);
    evidence.add(estimate);
    const { energy_standard_uncertainty_wh: uncertaintyWh, start_ts: startTs, end_ts: endTs } = estimate;
    if (uncertaintyWh !== undefined) {
      energy.varianceWh += uncertaintyWh ** 2;
      energy.sumWh += uncertaintyWh;
      energy.recordCount += 1;
    }
    if (startTs !== null && (span.startTs === "" || startTs < span.startTs)) span.startTs = startTs;
    if (endTs !== null && endTs > span.endTs) span.endTs = endTs;
  };
  for await (const line of lines()) {
    const { record } = line;
    try {
      if (record === null) throw new CarbonOpsError("RECORD_INVALID", "The record is no JSON object.");
      const estimate = estimateOf(record);
      if (estimate === null) {
        if (isAskedFor(record, filter)) otherKinds.add(kindOf(record), kindOf(record));
      } else if (survey.isReplaced({ ...line, record })) supersededCount += isAskedFor(record, filter) ? 1 : 0;
      else if (isAskedFor(record, filter)) {
        if (survey.isPart(record)) partCount += 1;
        else take(estimate);
      }
    } catch (error) {
      if (!(error instanceof CarbonOpsError)) throw error;
      unusableCount += 1;
      firstUnusable ??= { segment: line.segment, seq: line.seq, reason: messageOf(error).replace(/\.$/, "") };
    }
  }
  const total = all.of("total");
  const kind: IntensityKind = total?.average === null && total.marginal !== null ? "marginal" : "average";
  const figures = total?.[kind] ?? null;
  return {
    kind,
    total,
    energyUncertainty: {
      noneSharedWh: Math.sqrt(energy.varianceWh),
      allSharedWh: energy.sumWh,
      recordCount: energy.recordCount,
    },
    span: span.startTs === "" || span.endTs === "" ? null : span,
    time: timeSeries(survey.periods, periods),
    breakdowns: breakdowns.map((breakdown) => breakdown.result(kind)).filter((breakdown) => breakdown !== null),
    otherLabelNames: survey.labels.slice(shownLabels).map(([name]) => name),
    uncertainty: figures === null ? [] : uncertaintyShares(figures, (family) => evidence.describe(family)),
    quality: evidence.quality(),
    equivalents: figures === null ? [] : carbonEquivalents(figures),
    method: evidence.method(),
    leftOut: { supersededCount, partCount, otherKinds: otherKinds.counted(), unusableCount, firstUnusable },
  };
}

/** Null for records that are no estimates. Throws RECORD_INVALID where the schema of its kind is not met, or it cannot be added up. */
function estimateOf(record: JsonObject): CarbonEstimateRecord | null {
  if (!isRecordKind(record["kind"])) return null;
  const parsed = parseRecord(record);
  const inner = parsed.kind === "restatement" ? parsed.record : parsed;
  if (inner.kind !== "carbon_estimate") return null;
  checkSummable(inner);
  return inner;
}

function periodOf(periods: Periods | null, startTs: string | null): number | null {
  return periods === null || startTs === null ? null : periods.indexOf(Date.parse(startTs));
}

/** Null where no estimate that counts says when it began. */
function timeSeries(periods: Periods | null, totals: Totals<number | null>): TimeSeries | null {
  if (periods === null) return null;
  const all = Array.from({ length: periods.count }, (_, index) => ({
    startTs: new Date(periods.startMs(index)).toISOString(),
    label: periods.label(index),
    group: totals.of(index),
  }));
  const isKnown = ({ group }: Period): boolean => group !== null;
  const first = all.findIndex(isKnown);
  // What was surveyed may be of records that do not count.
  const shown = first === -1 ? [] : all.slice(first, all.findLastIndex(isKnown) + 1);
  if (shown.length === 0) return null;
  return { unit: periods.unit, size: periods.size, periods: shown, undated: totals.of(null) };
}

function kindOf({ kind }: JsonObject): string {
  return typeof kind === "string" ? kind : "without a kind";
}
