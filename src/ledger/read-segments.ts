import { readGenesis } from "./appendable.ts";
import type { JsonObject } from "./canonical-json.ts";
import { readLines, recordOfLine } from "./read-lines.ts";
import { sealedPath } from "./segments.ts";

/** A line with its place among the segments of a ledger. */
export interface PlacedLine {
  /** From 1. */
  readonly segment: number;
  readonly seq: number;
  readonly line: Buffer;
  /** Null where the line is damaged. */
  readonly record: JsonObject | null;
}

/**
 * The lines of a ledger with all its segments, oldest first, in bounded memory. Nothing is verified. Throws LEDGER_NOT_FOUND
 * (also for a segment that is missing), LEDGER_NOT_A_FILE, LEDGER_UNREADABLE, or LEDGER_INVALID when it does not begin
 * like a ledger.
 */
export async function* readSegments(path: string): AsyncGenerator<PlacedLine, void, undefined> {
  const newest = (await readGenesis(path)).segment;
  for (let segment = 1; segment <= newest; segment += 1) {
    let seq = 0;
    for await (const line of readLines(segment === newest ? path : sealedPath(path, segment))) {
      yield { segment, seq, line, record: recordOfLine(line) };
      seq += 1;
    }
  }
}
