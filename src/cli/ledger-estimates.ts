import { CarbonOpsError } from "../errors.ts";
import { readLines, recordOfLine } from "../ledger/read-lines.ts";
import type { CarbonEstimateRecord } from "../record/carbon-estimate-record.ts";
import { parseRecord } from "../record/parse-record.ts";
import type { RestatementRecord } from "../record/restatement-record.ts";

interface EstimateLine {
  readonly seq: number;
  readonly line: Buffer;
  /** Null for a record that is no estimate. */
  readonly record: CarbonEstimateRecord | RestatementRecord | null;
}

/** Every line of a ledger, those of estimates with their record. Throws RECORD_INVALID for an estimate that does not fit its schema. */
export async function* estimatesIn(path: string): AsyncGenerator<EstimateLine, void, undefined> {
  let seq = -1;
  for await (const line of readLines(path)) {
    seq += 1;
    const record = recordOfLine(line);
    if (record?.["kind"] !== "carbon_estimate" && record?.["kind"] !== "restatement") {
      yield { seq, line, record: null };
      continue;
    }
    const parsed = parseRecord(record);
    yield { seq, line, record: parsed.kind === "carbon_estimate" || parsed.kind === "restatement" ? parsed : null };
  }
}

/** The restatement that a line holds; null for any other line, and for one that is damaged. */
export function restatementOfLine(line: Buffer): RestatementRecord | null {
  // Most lines hold none, and parsing a whole ledger to find that out would be slow.
  if (!line.includes('"kind":"restatement"')) return null;
  try {
    const parsed = parseRecord(recordOfLine(line));
    return parsed.kind === "restatement" ? parsed : null;
  } catch (error) {
    if (error instanceof CarbonOpsError) return null;
    throw error;
  }
}
