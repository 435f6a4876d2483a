import { CarbonOpsError } from "../errors.ts";
import type { JsonObject } from "../ledger/canonical-json.ts";
import { isRecordKind, parseRecord } from "./parse-record.ts";

/** What a record's schema has against it, or null. Kinds without a schema here, such as a ledger's own, are not judged. */
export function recordFault(record: JsonObject): string | null {
  if (!isRecordKind(record["kind"])) return null;
  try {
    parseRecord(record);
    return null;
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    return `its record does not fit its schema: ${error.message.replace(/\.$/, "")}`;
  }
}
