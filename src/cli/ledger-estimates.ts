import type { JsonObject } from "../ledger/index.ts";
import { leafHash } from "../ledger/merkle-tree.ts";
import { recordOfLine } from "../ledger/read-lines.ts";
import { readSegmentLines, type SegmentLine } from "../ledger/read-segments.ts";
import { type LatestRecords, latestRecords } from "../record/latest.ts";
import type { WholeRecords } from "../record/whole-records.ts";

const restatementMark = Buffer.from('"kind":"restatement"');

/** Takes a line's record where it is a restatement. Most lines hold none, and parsing a whole ledger to find that out would be slow. */
export function takeRestatement(latest: LatestRecords, placed: SegmentLine): void {
  const record = placed.line.includes(restatementMark) ? recordOfLine(placed.line) : null;
  if (record !== null) latest.take(placed, record);
}

const partMarks = ['"part_of":"', '"record_id":"'].map((mark) => Buffer.from(mark));

/** The records that may be parts or wholes; most are neither. */
export function takeParts(
  wholes: WholeRecords,
  { line }: SegmentLine,
  isAskedFor: (record: JsonObject) => boolean,
): void {
  const record = partMarks.some((mark) => line.includes(mark)) ? recordOfLine(line) : null;
  if (record !== null && isAskedFor(record)) wholes.take(record);
}

/**
 * One walk over a ledger and its segments: which record of each estimate counts, and how many lines there were. What is added
 * later is not known to count. Memory grows with the number of estimates that were restated.
 */
export async function findLatest(
  path: string,
  look: (placed: SegmentLine) => void = () => undefined,
): Promise<{ readonly latest: LatestRecords; readonly lineCount: number }> {
  const latest = latestRecords();
  let lineCount = 0;
  for await (const placed of readSegmentLines(path)) {
    takeRestatement(latest, placed);
    look(placed);
    lineCount += 1;
  }
  return { latest, lineCount };
}

/** Hash of a line in chain and tree, in hexadecimal. */
export function lineHashOf({ line }: Pick<SegmentLine, "line">): string {
  return leafHash(line).toString("hex");
}
