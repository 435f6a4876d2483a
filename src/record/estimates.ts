import type { AggregateItem } from "../carbon/aggregate-record.ts";
import type { JsonObject } from "../ledger/canonical-json.ts";
import { isRecordKind, parseRecord } from "./parse-record.ts";

/** Which restatement counts for each estimate, whichever segment of a ledger the two stand in. */
export interface RestatedLines {
  /** Takes the records in their order; `place` is the number of the record in all segments together. */
  take(place: number, record: JsonObject): void;
  /** Whether a later record counts in the place of this one. The hash of its line is asked for only where it matters. */
  isReplaced(place: number, record: JsonObject, lineHash: () => string): boolean;
}

export function restatedLines(): RestatedLines {
  const latest = new Map<string, number>();
  return {
    take(place, record) {
      const first = firstOf(record);
      if (first !== null) latest.set(first, place);
    },
    isReplaced(place, record, lineHash) {
      const first = firstOf(record);
      if (first !== null) return latest.get(first) !== place;
      return latest.size > 0 && record["kind"] === "carbon_estimate" && latest.has(lineHash());
    },
  };
}

/** Hash of the line that a restatement restates; null for other records. */
function firstOf(record: JsonObject): string | null {
  const restates = record["restates"];
  if (record["kind"] !== "restatement" || typeof restates !== "object" || restates === null) return null;
  const hash = "line_hash" in restates ? restates["line_hash"] : null;
  return typeof hash === "string" ? hash : null;
}

/** A ledger's record as what totals are made of. Throws RECORD_INVALID when it does not fit the schema of its kind. */
export function aggregateItem(record: JsonObject): AggregateItem {
  const { kind } = record;
  if (isRecordKind(kind)) return parseRecord(record);
  return { kind: typeof kind === "string" ? kind : "" };
}
