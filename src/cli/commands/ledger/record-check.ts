import type { JsonObject } from "../../../ledger/index.ts";
import { recordSignatureFault } from "../../../ledger/record-signature.ts";
import { recordFault } from "../../../record/record-fault.ts";

/** What `ledger verify --deep` has against a record: its own signature, where it has one, or its schema. */
export function recordCheck(record: JsonObject): string | null {
  return recordSignatureFault(record) ?? recordFault(record);
}
