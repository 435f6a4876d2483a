import { basename, dirname, join } from "node:path";
import type { JsonObject } from "../../../ledger/index.ts";
import { recordBytes } from "../../../ledger/line.ts";
import { storedLines } from "../../../ledger/stored-lines.ts";
import type { VerificationReport } from "../../../report/ledger-findings.ts";

/** A line that was found to hold, with its place among all segments. */
export interface VerifiedLine {
  /** Number among the lines of all segments, from 0. */
  readonly place: number;
  readonly segment: number;
  readonly seq: number;
  /** Used before the next one is asked for. */
  readonly line: Buffer;
  /** Null where it is no JSON object. */
  readonly record: JsonObject | null;
}

/** The lines that a verification found to hold, oldest first: nothing behind a bad line, and nothing that was added since. */
export async function* verifiedLines(
  path: string,
  { segments, lines }: VerificationReport,
): AsyncGenerator<VerifiedLine, void, undefined> {
  let place = 0;
  const parts = segments.length > 0 ? segments : [{ segment: 1, file: basename(path), lines }];
  for (const { segment, file, lines: count } of parts) {
    if (count === 0) return;
    let seq = 0;
    for await (const line of storedLines(join(dirname(path), file))) {
      yield { place, segment, seq, line, record: recordOf(line) };
      place += 1;
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
