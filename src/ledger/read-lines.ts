import type { JsonObject } from "./canonical-json.ts";
import { openLedgerFile, readChunks } from "./ledger-files.ts";
import { readRecord } from "./line.ts";
import { LineSplitter } from "./line-splitter.ts";
import { uncompressed } from "./uncompressed.ts";

/**
 * The complete lines of a ledger, oldest first, as bytes without their line feeds, in bounded memory; what gzip has compressed
 * is read as what it holds. Nothing is verified. Throws LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE or LEDGER_UNREADABLE.
 */
export async function* readLines(path: string): AsyncGenerator<Buffer, void, undefined> {
  const handle = await openLedgerFile(path, "read");
  try {
    const splitter = new LineSplitter();
    for await (const chunk of uncompressed(readChunks(handle))) {
      for (const line of splitter.push(chunk)) yield Buffer.from(line);
    }
  } finally {
    await handle.close();
  }
}

/** The record of a line, or null where the line is damaged. */
export function recordOfLine(line: Buffer): JsonObject | null {
  const record = readRecord(line);
  return typeof record === "string" ? null : record;
}
