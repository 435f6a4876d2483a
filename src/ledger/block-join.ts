import type { BlockFindings } from "./block.ts";
import { Chain } from "./chain.ts";
import type { DueCheckpoints } from "./inspect.ts";
import { noPreviousHash } from "./line.ts";
import { MerkleTree } from "./merkle-tree.ts";
import type { Repairs } from "./repairs.ts";
import { tileLeaves, tileLevel } from "./tile.ts";

/** A place between two lines: what stands before it, and how much of that a signed root has been compared with. */
export interface Place {
  readonly chain: Chain;
  readonly provenSize: number;
  readonly provenBytes: number;
}

/**
 * Joins blocks to a chain and a tree, and compares the tree with every checkpoint. Where something does not fit it stops, and
 * `place` is the last one up to which everything held: from there on the careful walk tells what is wrong.
 */
export class BlockJoin {
  readonly #due: DueCheckpoints;
  readonly #repairs: Repairs;
  readonly #tree = new MerkleTree();
  #lastHash = noPreviousHash;
  #byteLength = 0;
  #lastLineStart = 0;
  #provenSize = 0;
  #provenBytes = 0;
  #place: Place = { chain: new Chain(), provenSize: 0, provenBytes: 0 };

  constructor(due: DueCheckpoints, repairs: Repairs) {
    this.#due = due;
    this.#repairs = repairs;
  }

  get place(): Place {
    return this.#place;
  }

  /** Lines and bytes that have been joined, if not yet settled. */
  get size(): number {
    return this.#tree.size;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  /** Whether the walk should go on with the next block: it fits, and checkpoints are still to come, or none was ever found. */
  async take(block: BlockFindings): Promise<boolean> {
    const fits =
      block.holds &&
      block.start === this.#byteLength &&
      block.firstSeq === this.#tree.size &&
      block.firstPrevHash === this.#lastHash;
    if (!fits) return false;
    for (let index = 0; index < block.count; ) {
      const dueIndex = (this.#due.peek()?.size ?? Number.POSITIVE_INFINITY) - block.firstSeq;
      const target = Math.min(block.count, Math.max(index, dueIndex));
      this.#append(block, index, target);
      index = target;
      if (!(await this.#compare())) return false;
      if (this.#provenSize === this.#tree.size && this.#due.peek() === null) {
        this.#settle(block);
        return false;
      }
      if (dueIndex === target) this.#settle(block);
    }
    this.#settle(block);
    return true;
  }

  /** Compares the tree with every checkpoint of its present size. */
  async #compare(): Promise<boolean> {
    const { size } = this.#tree;
    for (let due = this.#due.peek(); due !== null && due.size <= size; due = this.#due.peek()) {
      if (due.size === size) {
        if (!due.root.equals(this.#tree.root())) return false;
        this.#provenSize = size;
        this.#provenBytes = this.#byteLength;
      }
      await this.#due.advance();
    }
    return true;
  }

  #append(block: BlockFindings, from: number, to: number): void {
    if (to === from) return;
    const { firstSeq, leaves, tiles, ends } = block;
    const firstTile = Math.ceil(firstSeq / tileLeaves);
    for (let index = from; index < to; ) {
      const seq = firstSeq + index;
      if (seq % tileLeaves === 0 && index + tileLeaves <= to) {
        this.#tree.appendSubtree(tileLevel, hashAt(tiles, seq / tileLeaves - firstTile));
        index += tileLeaves;
      } else {
        this.#tree.append(hashAt(leaves, index));
        index += 1;
      }
    }
    this.#lastHash = hashAt(leaves, to - 1).toString("hex");
    this.#byteLength = block.start + (ends[to - 1] ?? 0);
    this.#lastLineStart = block.start + (ends[to - 2] ?? 0);
  }

  #settle({ firstSeq, repairs }: BlockFindings): void {
    const before = this.#place.chain.size;
    const { size } = this.#tree;
    for (const [index, record] of repairs) {
      const seq = firstSeq + index;
      if (seq >= before && seq < size) this.#repairs.take(record, seq);
    }
    if (this.#provenSize === size) this.#repairs.settle(size);
    this.#place = {
      chain: new Chain(this.#tree.copy(), this.#lastHash, this.#byteLength, this.#lastLineStart),
      provenSize: this.#provenSize,
      provenBytes: this.#provenBytes,
    };
  }
}

function hashAt(hashes: Uint8Array, index: number): Buffer {
  return Buffer.from(hashes.buffer, hashes.byteOffset + 32 * index, 32);
}
