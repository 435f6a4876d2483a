import type { FileHandle } from "node:fs/promises";
import { CarbonOpsError } from "../errors.ts";
import type { JsonObject } from "./canonical-json.ts";
import { noLedgerToRead, openLedgerFile } from "./ledger-files.ts";
import { readGenesisLine } from "./own-records.ts";
import { genesisOfOpened } from "./read-genesis.ts";
import { linesOf, recordOfLine } from "./read-lines.ts";
import { ledgerPathOf, missingSegment, openSealedIfAny, segmentPaths } from "./segment-paths.ts";
import { sealedPath } from "./segments.ts";

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
 * The lines of a ledger with all its segments, oldest first, in bounded memory. Nothing is verified. The newest file is opened
 * first and stays open, so that a rotation meanwhile takes no line away and brings none twice: what is written after it is
 * left to the next reading. Throws LEDGER_NOT_FOUND (also for a segment that is missing), LEDGER_NOT_A_FILE,
 * LEDGER_UNREADABLE, or LEDGER_INVALID when it does not begin like a ledger, or when a segment's file is another segment.
 */
export async function* readSegmentLines(path: string): AsyncGenerator<SegmentLine, void, undefined> {
  const newest = await openLedgerFile(path, "read");
  try {
    const genesis = await genesisOfOpened(newest);
    if (typeof genesis === "string") throw noLedgerToRead(path, genesis);
    // What is missing is said before anything is read.
    segmentPaths(path, genesis.segment);
    const ledger = ledgerPathOf(path, genesis.segment);
    for (let segment = 1; segment < genesis.segment; segment += 1) {
      const sealed = await openSealedIfAny(ledger, segment);
      if (sealed === null) throw missingSegment(path, sealedPath(ledger, segment), genesis.segment);
      try {
        yield* sealedLines(sealed, sealedPath(ledger, segment), segment);
      } finally {
        await sealed.close();
      }
    }
    yield* placedLines(newest, genesis.segment);
  } finally {
    await newest.close();
  }
}

/** The same with the record of each line, which takes most of the time. */
export async function* readSegments(path: string): AsyncGenerator<PlacedLine, void, undefined> {
  for await (const placed of readSegmentLines(path)) yield { ...placed, record: recordOfLine(placed.line) };
}

async function* placedLines(handle: FileHandle, segment: number): AsyncGenerator<SegmentLine, void, undefined> {
  let seq = 0;
  for await (const line of linesOf(handle)) {
    yield { segment, seq, line };
    seq += 1;
  }
}

/** A damaged first line is left to whoever looks at the lines; one of another segment would be counted twice, or for another. */
async function* sealedLines(
  handle: FileHandle,
  path: string,
  segment: number,
): AsyncGenerator<SegmentLine, void, undefined> {
  for await (const placed of placedLines(handle, segment)) {
    const genesis = placed.seq === 0 ? readGenesisLine(placed.line) : "a later line";
    if (typeof genesis !== "string" && genesis.segment !== segment) {
      throw new CarbonOpsError(
        "LEDGER_INVALID",
        `${path} holds segment ${genesis.segment} where segment ${segment} belongs; put the right file there.`,
      );
    }
    yield placed;
  }
}
