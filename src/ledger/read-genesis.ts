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
    const splitter = new LineSplitter();
    let isEmpty = true;
    for await (const chunk of uncompressed(readChunks(handle))) {
      isEmpty = false;
      for (const line of splitter.push(chunk)) return readGenesisLine(Buffer.from(line));
    }
    return isEmpty ? "the file is empty" : "it is not complete";
  } finally {
    await handle.close();
  }
}
