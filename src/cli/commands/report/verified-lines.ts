import { basename, dirname, join } from "node:path";
import type { JsonObject } from "../../../ledger/index.ts";
import { recordBytes } from "../../../ledger/line.ts";
import { readLines } from "../../../ledger/read-lines.ts";
import type { VerificationReport } from "../../../report/ledger-findings.ts";

/** A line that was found to hold, with its place in the ledger. */
export interface VerifiedLine {
  readonly segment: number;
  readonly seq: number;
  readonly line: Buffer;
  /** Null where it is no JSON object. */
  readonly record: JsonObject | null;
}

/** The lines that a verification found to hold, oldest first: nothing behind a bad line, and nothing that was added since. */
export async function* verifiedLines(
  path: string,
  { segments, lines }: VerificationReport,
): AsyncGenerator<VerifiedLine, void, undefined> {
  const parts = segments.length > 0 ? segments : [{ segment: 1, file: basename(path), lines }];
  for (const { segment, file, lines: count } of parts) {
    if (count === 0) return;
    let seq = 0;
    for await (const line of readLines(join(dirname(path), file))) {
      yield { segment, seq, line, record: recordOf(line) };
      seq += 1;
      if (seq >= count) break;
    }
  }
}

/** Its hash was checked, so that it need not be held against its canonical form once more. */
function recordOf(line: Buffer): JsonObject | null {
  try {
    const record: unknown = JSON.parse(recordBytes(line).toString("utf8"));
    return isJsonObject(record) ? record : null;
  } catch {
    return null;
  }
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
