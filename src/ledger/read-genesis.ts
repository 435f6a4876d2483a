import type { FileHandle } from "node:fs/promises";
import { openLedgerFile, readChunks } from "./ledger-files.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type Genesis, readGenesisLine } from "./own-records.ts";
import { uncompressed } from "./uncompressed.ts";

/**
 * What the first line of a ledger says to somebody who only reads, also where gzip has compressed the file; or why it is no
 * genesis record. Throws what opening a file throws, and LEDGER_UNREADABLE.
 */
export async function genesisForReading(path: string): Promise<Genesis | string> {
  const handle = await openLedgerFile(path, "read");
  try {
    return await genesisOfOpened(handle);
  } finally {
    await handle.close();
  }
}

/** The same of a file that is open. */
export async function genesisOfOpened(handle: FileHandle): Promise<Genesis | string> {
  const splitter = new LineSplitter();
  let isEmpty = true;
  for await (const chunk of uncompressed(readChunks(handle))) {
    isEmpty = false;
    for (const line of splitter.push(chunk)) return readGenesisLine(Buffer.from(line));
  }
  return isEmpty ? "the file is empty" : "it is not complete";
}
