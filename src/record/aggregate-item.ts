import type { AggregateItem } from "../carbon/aggregate-record.ts";
import type { JsonObject } from "../ledger/canonical-json.ts";
import { isRecordKind, parseRecord } from "./parse-record.ts";

/** A ledger's record as what totals are made of. Throws RECORD_INVALID when it does not fit the schema of its kind. */
export function aggregateItem(record: JsonObject): AggregateItem {
  const { kind } = record;
  if (isRecordKind(kind)) return parseRecord(record);
  return { kind: typeof kind === "string" ? kind : "" };
}
