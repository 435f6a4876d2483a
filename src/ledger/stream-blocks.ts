import { type BlockFindings, examineBlock } from "./block.ts";
import type { ContentCheck } from "./block-lines.ts";
import { maximumLineBytes } from "./line.ts";

/** A block of a stream takes so many bytes, and one line. */
const blockBytes = 1 << 20;

/**
 * Cuts a stream into blocks. Since it cannot be read twice, the bytes of the block at hand stay until the next one is asked for:
 * `rest` gives them, and all that follows, to the careful walk.
 */
export class StreamBlocks {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #contents: ContentCheck | null;
  /** The byte before the first line is spare. */
  #buffer = Buffer.allocUnsafeSlow(1 + blockBytes + maximumLineBytes + 2);
  #filled = 1;
  /** Offset in the stream of the byte behind the spare one. */
  #start = 0;
  #chunk: Uint8Array = new Uint8Array();
  #ended = false;

  constructor(chunks: AsyncIterable<Uint8Array>, contents: ContentCheck | null) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#contents = contents;
  }

  /** The bytes of the first block, without looking at its lines. */
  async peek(): Promise<Buffer> {
    await this.#fill();
    return this.#buffer.subarray(1, this.#filled);
  }

  async *blocks(): AsyncGenerator<BlockFindings, void, undefined> {
    for (;;) {
      await this.#fill();
      const findings = examineBlock(
        this.#buffer.subarray(0, this.#filled),
        1,
        this.#filled,
        this.#start,
        this.#contents,
      );
      if (findings.count === 0) return;
      yield findings;
      this.#drop(findings.ends.at(-1) ?? 0);
    }
  }

  /** Every byte from this offset on, which must lie in the block at hand. */
  async *rest(offset: number): AsyncGenerator<Uint8Array, void, undefined> {
    const here = this.#buffer.subarray(1 + offset - this.#start, this.#filled);
    if (here.length > 0) yield here;
    if (this.#chunk.length > 0) yield this.#chunk;
    for (let next = await this.#next(); next !== null; next = await this.#next()) yield next;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #drop(bytes: number): void {
    this.#buffer.copyWithin(1, 1 + bytes, this.#filled);
    this.#filled -= bytes;
    this.#start += bytes;
  }

  async #fill(): Promise<void> {
    while (this.#filled < this.#buffer.length) {
      if (this.#chunk.length === 0) {
        const next = await this.#next();
        if (next === null) return;
        this.#chunk = next;
      }
      const taken = this.#chunk.subarray(0, this.#buffer.length - this.#filled);
      this.#buffer.set(taken, this.#filled);
      this.#filled += taken.length;
      this.#chunk = this.#chunk.subarray(taken.length);
    }
  }

  async #next(): Promise<Uint8Array | null> {
    if (this.#ended) return null;
    const item = await this.#chunks.next();
    if (item.done !== true) return item.value;
    this.#ended = true;
    return null;
  }
}
