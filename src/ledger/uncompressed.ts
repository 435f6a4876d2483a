import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CarbonOpsError, messageOf } from "../errors.ts";

/** Whether bytes begin as gzip has them (RFC 1952, 2.3.1: ID1, ID2). No line of a ledger begins so. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * What a stream holds, when gzip has compressed it; else itself. A chunk may lie in memory that is used again: use it before
 * asking for the next. Throws LEDGER_UNREADABLE when what is compressed is damaged or cut off.
 */
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
