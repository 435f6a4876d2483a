import type { JsonObject } from "./canonical-json.ts";
import { noLedgerToRead } from "./ledger-files.ts";
import { genesisForReading } from "./read-genesis.ts";
import { readLines, recordOfLine } from "./read-lines.ts";
import { segmentPaths } from "./segment-paths.ts";

/** A line with its place among the segments of a ledger. */
export interface SegmentLine {
  /** From 1. */
  readonly segment: number;
  readonly seq: number;
  readonly line: Buffer;
}

export interface PlacedLine extends SegmentLine {
  /** Null where the line is damaged. */
  readonly record: JsonObject | null;
}

/**
 * The lines of a ledger with all its segments, oldest first, in bounded memory. Nothing is verified. Throws LEDGER_NOT_FOUND
 * (also for a segment that is missing), LEDGER_NOT_A_FILE, LEDGER_UNREADABLE, or LEDGER_INVALID when it does not begin
 * like a ledger.
 */
export async function* readSegmentLines(path: string): AsyncGenerator<SegmentLine, void, undefined> {
  const genesis = await genesisForReading(path);
  if (typeof genesis === "string") throw noLedgerToRead(path, genesis);
  for (const [index, segmentPath] of segmentPaths(path, genesis.segment).entries()) {
    let seq = 0;
    for await (const line of readLines(segmentPath)) {
      yield { segment: index + 1, seq, line };
      seq += 1;
    }
  }
}

/** The same with the record of each line, which takes most of the time. */
export async function* readSegments(path: string): AsyncGenerator<PlacedLine, void, undefined> {
  for await (const placed of readSegmentLines(path)) yield { ...placed, record: recordOfLine(placed.line) };
}
