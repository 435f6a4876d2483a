import { noPreviousHash } from "./line.ts";
import { leafHash, MerkleTree } from "./merkle-tree.ts";

/** Where a ledger stands after so many lines: what the next line must link to, and the tree over all of them. */
export class Chain {
  readonly #tree: MerkleTree;
  #lastHash: string;
  #byteLength: number;
  #lastLineStart: number;

  constructor(tree = new MerkleTree(), lastHash = noPreviousHash, byteLength = 0, lastLineStart = 0) {
    this.#tree = tree;
    this.#lastHash = lastHash;
    this.#byteLength = byteLength;
    this.#lastLineStart = lastLineStart;
  }

  /** Number of lines, and `seq` of the next one. */
  get size(): number {
    return this.#tree.size;
  }

  /** Leaf hash of the last line in hex: `prev_hash` of the next. */
  get lastHash(): string {
    return this.#lastHash;
  }

  /** Bytes of all lines with their line feeds. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Offset at which the last line begins. */
  get lastLineStart(): number {
    return this.#lastLineStart;
  }

  /** Adds a line that has been found to be the next one. */
  extend(line: Uint8Array): void {
    const leaf = leafHash(line);
    this.#tree.append(leaf);
    this.#lastHash = leaf.toString("hex");
    this.#lastLineStart = this.#byteLength;
    this.#byteLength += line.length + 1;
  }

  /** Roots of the complete subtrees before the last line, largest first; with that line they give the tree again. */
  rootsBeforeLastLine(): readonly Buffer[] {
    return this.#tree.rootsBeforeLastLeaf();
  }

  root(): Buffer {
    return this.#tree.root();
  }

  /** The root if this line came next. */
  rootWith(line: Uint8Array): Buffer {
    const tree = this.#tree.copy();
    tree.append(leafHash(line));
    return tree.root();
  }

  copy(): Chain {
    return new Chain(this.#tree.copy(), this.#lastHash, this.#byteLength, this.#lastLineStart);
  }
}
