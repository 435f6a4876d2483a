import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CarbonOpsError, messageOf } from "../errors.ts";
import type { BlockFindings } from "./block.ts";
import type { ContentCheck, RecordCheck } from "./block-lines.ts";
import { readPart } from "./checkpoint-files.ts";
import { fileBlocks } from "./file-blocks.ts";
import { readChunks } from "./ledger-files.ts";
import { maximumLineBytes } from "./line.ts";
import { StreamBlocks } from "./stream-blocks.ts";

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
  readonly threadModule: URL | null;
}

/** The handle stays the caller's. */
export async function sourceOfFile(handle: FileHandle, reading: FileReading): Promise<LedgerSource> {
  const { deep, checkRecord, threads, threadModule } = reading;
  const start = await readPart(handle, 0, maximumLineBytes + 1);
  if (isGzip(start)) return sourceOfStream(readChunks(handle), deep ? { checkRecord } : null);
  const sizeNow = async (): Promise<number> => (await handle.stat()).size;
  const end = await sizeNow();
  return {
    isStream: false,
    totalBytes: end,
    sizeNow,
    firstLine: async () => firstLineOf(start),
    blocks: () => fileBlocks({ descriptor: handle.fd, end, isDeep: deep, checkRecord, threads, threadModule }),
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

/** RFC 1952, 2.3.1: ID1, ID2. No line of a ledger begins so. */
function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What a stream holds, when gzip has compressed it; else itself. Throws LEDGER_UNREADABLE when it is damaged or cut off. */
export async function* uncompressed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    let start: Buffer = Buffer.alloc(0);
    while (start.length < 2) {
      const item = await iterator.next();
      if (item.done === true) break;
      start = Buffer.concat([start, item.value]);
    }
    if (isGzip(start)) yield* gunzipped(start, iterator);
    else if (start.length > 0) {
      yield start;
      yield* remaining(iterator);
    }
  } finally {
    await iterator.return?.();
  }
}

async function* remaining(iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (let item = await iterator.next(); item.done !== true; item = await iterator.next()) yield item.value;
}

async function* gunzipped(
  start: Buffer,
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const compressed = async function* (): AsyncGenerator<Buffer, void, undefined> {
    yield start;
    // Copied, because the memory of a chunk is used again for the next one.
    for await (const chunk of remaining(iterator)) yield Buffer.from(chunk);
  };
  const input = Readable.from(compressed(), { objectMode: false });
  const gunzip = createGunzip();
  input.on("error", (error) => gunzip.destroy(error));
  try {
    for await (const chunk of input.pipe(gunzip)) yield Buffer.from(chunk);
  } catch (error) {
    throw new CarbonOpsError(
      "LEDGER_UNREADABLE",
      `The compressed ledger cannot be read to its end (${messageOf(error)}); restore a copy, or compress the ledger again.`,
      { cause: error },
    );
  } finally {
    input.destroy();
    gunzip.destroy();
  }
}
