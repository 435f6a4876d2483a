import { openLedgerFile, readChunks } from "../ledger-files.ts";
import { uncompressed } from "../uncompressed.ts";

const lineFeed = 0x0a;

/** A longer line is refused, so that memory stays bounded; the original has no limit. */
export const maximumPythonLineBytes = 16 << 20;

export interface PythonLine {
  /** Without the line feed. Longer than `maximumPythonLineBytes` only when the line is. */
  readonly bytes: Buffer;
  /** Whether a line feed ends it; only the last line may lack it. */
  readonly isComplete: boolean;
}

/** The lines of a stream of bytes, blank ones included, and what follows the last line feed. */
export async function* pythonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<PythonLine, void, undefined> {
  let pieces: Buffer[] = [];
  let pending = 0;
  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk);
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end !== -1; end = buffer.indexOf(lineFeed, start)) {
      const bytes = Buffer.concat([...pieces, buffer.subarray(start, end)]);
      pieces = [];
      pending = 0;
      yield { bytes, isComplete: true };
      start = end + 1;
    }
    pieces.push(buffer.subarray(start));
    pending += buffer.length - start;
    if (pending > maximumPythonLineBytes) break;
  }
  if (pending > 0) yield { bytes: Buffer.concat(pieces), isComplete: false };
}

/** The same of a file, also where gzip has compressed it. Throws LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE or LEDGER_UNREADABLE. */
export async function* pythonLinesOf(path: string): AsyncGenerator<PythonLine, void, undefined> {
  const handle = await openLedgerFile(path, "read");
  try {
    yield* pythonLines(uncompressed(readChunks(handle)));
  } finally {
    await handle.close();
  }
}
