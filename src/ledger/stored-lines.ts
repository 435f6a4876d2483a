import { openLedgerFile, readChunks } from "./ledger-files.ts";
import { uncompressed } from "./ledger-source.ts";
import { LineSplitter } from "./line-splitter.ts";

/**
 * The complete lines of one file of a ledger, gzip undone, in bounded memory. Nothing is verified. They share memory: copy one that must
 * outlive the loop. Throws LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE or LEDGER_UNREADABLE.
 */
export async function* storedLines(path: string): AsyncGenerator<Buffer, void, undefined> {
  const handle = await openLedgerFile(path, "read");
  try {
    const splitter = new LineSplitter();
    for await (const chunk of uncompressed(readChunks(handle))) yield* splitter.push(chunk);
  } finally {
    await handle.close();
  }
}
