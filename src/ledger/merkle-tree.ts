import { hash } from "node:crypto";

/**
 * The Merkle tree of RFC 6962, section 2.1 (the same in RFC 9162), over SHA-256. Leaves and nodes are hashed with different
 * first bytes, so that a node can never be passed off as a leaf.
 */
const leafPrefix = 0x00;
const nodePrefix = 0x01;

/** Root of the tree without leaves: SHA-256 of nothing. */
export const emptyRoot: Buffer = hash("sha256", "", "buffer");

/** SHA-256(0x00 || data). */
export function leafHash(data: Uint8Array): Buffer {
  const prefixed = Buffer.allocUnsafe(data.length + 1);
  prefixed[0] = leafPrefix;
  prefixed.set(data, 1);
  return hash("sha256", prefixed, "buffer");
}

const nodeInput = Buffer.alloc(65, nodePrefix);

/** SHA-256(0x01 || left || right); both are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  nodeInput.set(left, 1);
  nodeInput.set(right, 33);
  return hash("sha256", nodeInput, "buffer");
}

/** Puts a hash that came as a text of 32 characters ("binary") where its bytes belong: faster than asking for bytes. */
export function putHash(text: string, bytes: Uint8Array, position: number): void {
  for (let index = 0; index < 32; index += 1) bytes[position + index] = text.charCodeAt(index);
}

/**
 * A tree that only grows. It keeps the roots of its complete subtrees, one for each bit that is set in its size, largest
 * first: 53 hashes at most. Sizes are exact up to 2^53, since no 32-bit operator touches them.
 */
export class MerkleTree {
  #size: number;
  readonly #subtreeRoots: Buffer[];
  /** What the last leaf was merged with, smallest first: it tells how the tree was before it. */
  #merged: Buffer[] = [];

  /** An empty tree, or one that goes on from the subtree roots of its size. */
  constructor(size = 0, subtreeRoots: readonly Buffer[] = []) {
    this.#size = size;
    this.#subtreeRoots = [...subtreeRoots];
  }

  get size(): number {
    return this.#size;
  }

  append(leaf: Buffer): void {
    let subtree = leaf;
    const merged: Buffer[] = [];
    for (let remaining = this.#size; remaining % 2 === 1; remaining = Math.floor(remaining / 2)) {
      const left = this.#subtreeRoots.pop();
      if (left === undefined) break;
      subtree = nodeHash(left, subtree);
      merged.push(left);
    }
    this.#merged = merged;
    this.#subtreeRoots.push(subtree);
    this.#size += 1;
  }

  /** Appends a complete subtree of 2^level leaves; the size must be a multiple of so many. */
  appendSubtree(level: number, root: Buffer): void {
    const leaves = 2 ** level;
    let subtree = root;
    for (let remaining = this.#size / leaves; remaining % 2 === 1; remaining = Math.floor(remaining / 2)) {
      const left = this.#subtreeRoots.pop();
      if (left === undefined) break;
      subtree = nodeHash(left, subtree);
    }
    this.#merged = [];
    this.#subtreeRoots.push(subtree);
    this.#size += leaves;
  }

  root(): Buffer {
    const [smallest, ...larger] = this.#subtreeRoots.toReversed();
    if (smallest === undefined) return emptyRoot;
    return larger.reduce((right, left) => nodeHash(left, right), smallest);
  }

  /** The subtree roots, largest first, as they were before the last leaf that was appended. */
  rootsBeforeLastLeaf(): readonly Buffer[] {
    return [...this.#subtreeRoots.slice(0, -1), ...this.#merged.toReversed()];
  }

  copy(): MerkleTree {
    const copy = new MerkleTree(this.#size, this.#subtreeRoots);
    copy.#merged = this.#merged;
    return copy;
  }
}
