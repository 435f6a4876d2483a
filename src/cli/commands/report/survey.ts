import type { JsonObject, JsonValue } from "../../../ledger/index.ts";
import { latestRecords } from "../../../record/latest.ts";
import { wholeRecords } from "../../../record/whole-records.ts";
import { lineHashOf } from "../../ledger-estimates.ts";
import { type FilterOptions, isAskedFor } from "../ledger/record-filter.ts";
import { type Periods, periodsBetween } from "./periods.ts";
import { openRanking, type Ranking } from "./ranking.ts";
import type { VerifiedLine } from "./verified-lines.ts";

/** What must be known of a whole ledger before its records are added up. */
export interface Survey {
  isReplaced(line: VerifiedLine & { readonly record: JsonObject }): boolean;
  /** Whether a record that is asked for too holds this one's energy. */
  isPart(record: JsonObject): boolean;
  readonly tasks: Ranking;
  readonly regions: Ranking;
  readonly hosts: Ranking;
  /** By label, those on the most records first. */
  readonly labels: readonly (readonly [name: string, values: Ranking])[];
  /** Null where no estimate says when it began. */
  readonly periods: Periods | null;
}

/** Of tasks, regions and hosts; more are told to be so. */
export const rememberedNames = 20_000;
const rememberedLabels = 60;
const rememberedLabelValues = 2000;

/** The first of two passes: which records count, which names weigh most, and from when to when. */
export async function surveyOf(lines: AsyncIterable<VerifiedLine>, filter: FilterOptions): Promise<Survey> {
  const latest = latestRecords();
  const wholes = wholeRecords();
  const [tasks, regions, hosts] = [
    openRanking(rememberedNames),
    openRanking(rememberedNames),
    openRanking(rememberedNames),
  ];
  const labels = new Map<string, { readonly values: Ranking; times: number }>();
  let [firstMs, lastMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const takeLabels = (members: JsonObject, grams: number): void => {
    for (const [name, value] of Object.entries(members)) {
      let label = labels.get(name);
      if (label === undefined) {
        if (labels.size >= rememberedLabels) continue;
        label = { values: openRanking(rememberedLabelValues), times: 0 };
        labels.set(name, label);
      }
      label.times += 1;
      label.values.add(textOf(value), grams);
    }
  };
  for await (const { segment, seq, record } of lines) {
    if (record === null) continue;
    latest.take({ segment, seq }, record);
    const estimate = estimateIn(record);
    if (estimate === null || !isAskedFor(record, filter)) continue;
    wholes.take(record);
    // What a restatement changed: the first record's grams were taken when it came.
    const grams = numberOf(record["kind"] === "restatement" ? record["difference_grams"] : estimate["grams"]);
    tasks.add(textOf(estimate["name"]), grams);
    regions.add(textOf(estimate["region"]), grams);
    hosts.add(textOf(estimate["host"]), grams);
    const { labels: members } = estimate;
    if (isObject(members)) takeLabels(members, grams);
    const startMs = Date.parse(textOf(estimate["start_ts"]) ?? "");
    if (Number.isNaN(startMs)) continue;
    firstMs = Math.min(firstMs, startMs);
    lastMs = Math.max(lastMs, startMs);
  }
  const byTimes = [...labels].sort(([, left], [, right]) => right.times - left.times);
  return {
    isReplaced: ({ record, ...placed }) => latest.replacementOf(placed, record, () => lineHashOf(placed)) !== null,
    isPart: (record) => wholes.isPart(record),
    tasks,
    regions,
    hosts,
    labels: byTimes.map(([name, { values }]) => [name, values] as const),
    periods: lastMs >= firstMs ? periodsBetween(firstMs, lastMs) : null,
  };
}

/** The estimate that a record is, or holds in its restatement, as it stands there. */
function estimateIn(record: JsonObject): JsonObject | null {
  const estimate = record["kind"] === "restatement" ? record["record"] : record;
  return isObject(estimate) && estimate["kind"] === "carbon_estimate" ? estimate : null;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: JsonValue | undefined): number {
  return typeof value === "number" ? value : 0;
}
