import type { FileHandle } from "node:fs/promises";
import type { BlockFindings } from "./block.ts";
import type { ContentCheck, RecordCheck } from "./block-lines.ts";
import { readPart } from "./checkpoint-files.ts";
import { fileBlocks } from "./file-blocks.ts";
import { readChunks } from "./ledger-files.ts";
import { maximumLineBytes } from "./line.ts";
import { StreamBlocks } from "./stream-blocks.ts";
import { isGzip, uncompressed } from "./uncompressed.ts";

/** Where a verifier reads a ledger from: a file, which several threads can read at once, or a stream, which is read once. */
export interface LedgerSource {
  readonly isStream: boolean;
  /** Null for a stream. */
  readonly totalBytes: number | null;
  /** Bytes that there are at this moment; infinite for a stream. */
  sizeNow(): Promise<number>;
  /** The first line without its line feed, or null when there is none of a length that is allowed. */
  firstLine(): Promise<Buffer | null>;
  blocks(): AsyncIterable<BlockFindings>;
  /** Every byte from an offset on, which must not lie before the last block that was asked for. */
  rest(offset: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

interface FileReading {
  readonly deep: boolean;
  readonly checkRecord: RecordCheck | null;
  readonly threads: number;
  readonly areThreadsAskedFor: boolean;
  readonly threadModule: URL | null;
}

/** The handle stays the caller's. */
export async function sourceOfFile(handle: FileHandle, reading: FileReading): Promise<LedgerSource> {
  const { deep, checkRecord, threads, areThreadsAskedFor, threadModule } = reading;
  const sharing = { threads, areThreadsAskedFor, threadModule };
  const start = await readPart(handle, 0, maximumLineBytes + 1);
  if (isGzip(start)) return sourceOfStream(readChunks(handle), deep ? { checkRecord } : null);
  const sizeNow = async (): Promise<number> => (await handle.stat()).size;
  const end = await sizeNow();
  return {
    isStream: false,
    totalBytes: end,
    sizeNow,
    firstLine: async () => firstLineOf(start),
    blocks: () => fileBlocks({ descriptor: handle.fd, end, isDeep: deep, checkRecord, ...sharing }),
    rest: (offset) => readChunks(handle, offset),
    close: async () => undefined,
  };
}

export function sourceOfStream(chunks: AsyncIterable<Uint8Array>, contents: ContentCheck | null): LedgerSource {
  const blocks = new StreamBlocks(uncompressed(chunks), contents);
  return {
    isStream: true,
    totalBytes: null,
    sizeNow: async () => Number.POSITIVE_INFINITY,
    firstLine: async () => firstLineOf(await blocks.peek()),
    blocks: () => blocks.blocks(),
    rest: (offset) => blocks.rest(offset),
    close: () => blocks.close(),
  };
}

function firstLineOf(bytes: Buffer): Buffer | null {
  const end = bytes.indexOf(0x0a);
  return end === -1 || end > maximumLineBytes ? null : Buffer.from(bytes.subarray(0, end));
}
