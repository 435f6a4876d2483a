import type { JsonObject, JsonValue } from "../ledger/canonical-json.ts";

/**
 * Records whose energy is in another record of the same ledger: of an application's tasks, where the command that it was is recorded too. Of the
 * two the whole counts. For totals: in their order every record is taken first, then asked about.
 */
export interface WholeRecords {
  /** Takes a record that the total is about. */
  take(record: JsonObject): void;
  /**
   * Whether the record is a part of another one that was taken after it, and began before that one's end: what processes do that outlive their
   * command is in no record of it.
   */
  isPart(record: JsonObject): boolean;
}

/** Memory grows with the number of wholes that have parts. */
export function wholeRecords(): WholeRecords {
  const named = new Set<string>();
  /** When each ended, ISO 8601; null where that is not known. */
  const wholes = new Map<string, string | null>();
  return {
    take(record) {
      const { part_of: whole, record_id: id, end_ts: end } = subjectOf(record);
      if (typeof whole === "string") named.add(whole);
      if (typeof id === "string" && named.has(id)) wholes.set(id, typeof end === "string" ? end : null);
    },
    isPart(record) {
      const { part_of: whole, start_ts: start } = subjectOf(record);
      const end = typeof whole === "string" ? wholes.get(whole) : undefined;
      return end !== undefined && (end === null || typeof start !== "string" || start < end);
    },
  };
}

/** A restatement holds the whole newer estimate. */
function subjectOf(record: JsonObject): JsonObject {
  const { kind, record: inner } = record;
  return kind === "restatement" && isObject(inner) ? inner : record;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
