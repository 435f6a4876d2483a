import type { JsonObject } from "../../../ledger/index.ts";
import { recordBytes } from "../../../ledger/line.ts";
import { readSegmentLines, type SegmentLine } from "../../../ledger/read-segments.ts";
import type { VerificationReport } from "../../../report/ledger-findings.ts";

/** A line that was found to hold, with its place in the ledger. */
export interface VerifiedLine extends SegmentLine {
  /** Null where it is no JSON object. */
  readonly record: JsonObject | null;
}

/** The lines that a verification found to hold, oldest first: nothing behind a bad line, and nothing that was added since. */
export async function* verifiedLines(
  path: string,
  { segments, lines }: VerificationReport,
): AsyncGenerator<VerifiedLine, void, undefined> {
  const counts = new Map(segments.map((segment) => [segment.segment, segment.lines]));
  let left = lines;
  if (left === 0) return;
  for await (const placed of readSegmentLines(path)) {
    if (segments.length > 0 && placed.seq >= (counts.get(placed.segment) ?? 0)) continue;
    yield { ...placed, record: recordOf(placed.line) };
    left -= 1;
    if (left === 0) return;
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
