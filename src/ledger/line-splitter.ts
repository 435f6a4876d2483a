import { maximumLineBytes } from "./line.ts";

const lineFeed = 0x0a;

/**
 * Cuts a stream of bytes into lines without their line feeds. It never keeps more than one line of the longest length that
 * is allowed: of a longer one it hands out the beginning, which no check accepts, and goes no further.
 */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** The lines that end in this chunk. They share its memory: copy one that must outlive the loop. */
  *push(chunk: Uint8Array): Generator<Buffer, void, undefined> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, bytes]) : bytes;
    let start = 0;
    for (let end = buffer.indexOf(lineFeed); end !== -1; end = buffer.indexOf(lineFeed, start)) {
      yield buffer.subarray(start, Math.min(end, start + maximumLineBytes + 1));
      start = end + 1;
    }
    this.#rest = Buffer.from(buffer.subarray(start, start + maximumLineBytes + 1));
  }
}
