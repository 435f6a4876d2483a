import type { FileHandle } from "node:fs/promises";
import type { JsonObject } from "./canonical-json.ts";
import { readChunks } from "./ledger-files.ts";
import { readRecord } from "./line.ts";
import { LineSplitter } from "./line-splitter.ts";
import { uncompressed } from "./uncompressed.ts";

/**
 * The complete lines of a file that is open, oldest first, as bytes without their line feeds, in bounded memory; what gzip has
 * compressed is read as what it holds. Nothing is verified. Throws LEDGER_UNREADABLE. The handle stays the caller's.
 */
export async function* linesOf(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  const splitter = new LineSplitter();
  for await (const chunk of uncompressed(readChunks(handle))) {
    for (const line of splitter.push(chunk)) yield Buffer.from(line);
  }
}

/** The record of a line, or null where the line is damaged. */
export function recordOfLine(line: Buffer): JsonObject | null {
  const record = readRecord(line);
  return typeof record === "string" ? null : record;
}
