import { nodeHash } from "./merkle-tree.ts";
import { largestPowerBelow, Walk } from "./merkle-walk.ts";

/**
 * Proofs over the Merkle tree of RFC 6962, section 2.1: that a leaf stands in a tree (2.1.1), and that a tree begins with another one
 * (2.1.2). They are verified as in RFC 9162, 2.1.3.2 and 2.1.4.2. No 32-bit operator touches a size, so that all are exact up to 2^53 - 1.
 */

/** Root of the leaves from `start` to `end`, `end` not included; there is at least one, and they form a subtree of the whole tree. */
export type SubtreeRoot = (start: number, end: number) => Buffer;

/** Whether a leaf hash stands at this place (from 0) of a tree of so many leaves with this root. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...proof])) return false;
  const walk = new Walk(index, size - 1);
  let hash: Uint8Array = leaf;
  for (const other of proof) {
    if (walk.isAtRoot) return false;
    hash = walk.isRightChild ? nodeHash(other, hash) : nodeHash(hash, other);
    walk.rise();
  }
  return walk.isAtRoot && areEqual(hash, root);
}

/**
 * Whether the tree of `size1` leaves is the beginning of that of `size2`.
 * RFC 9162 leaves the empty tree out, and nothing is proven about it here.
 */
export function verifyConsistency(
  size1: number,
  size2: number,
  proof: readonly Uint8Array[],
  root1: Uint8Array,
  root2: Uint8Array,
): boolean {
  if (!isCount(size1) || !isCount(size2) || size1 > size2 || !areHashes([root1, root2, ...proof])) return false;
  if (size1 === size2) return proof.length === 0 && areEqual(root1, root2);
  if (size1 === 0 || proof.length === 0) return false;
  const [first, ...others] = isPowerOfTwo(size1) ? [root1, ...proof] : proof;
  if (first === undefined) return false;
  const walk = new Walk(size1 - 1, size2 - 1);
  walk.riseWhileRightChild();
  let [older, newer]: [Uint8Array, Uint8Array] = [first, first];
  for (const other of others) {
    if (walk.isAtRoot) return false;
    if (walk.isRightChild) {
      older = nodeHash(other, older);
      newer = nodeHash(other, newer);
    } else {
      newer = nodeHash(newer, other);
    }
    walk.rise();
  }
  return walk.isAtRoot && areEqual(older, root1) && areEqual(newer, root2);
}

/** The proof that the leaf at this place stands in the tree: hashes from the leaf's sibling up. */
export function inclusionProof(index: number, size: number, subtreeRoot: SubtreeRoot): readonly Buffer[] {
  const proof: Buffer[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start);
    if (index < middle) {
      proof.push(subtreeRoot(middle, end));
      end = middle;
    } else {
      proof.push(subtreeRoot(start, middle));
      start = middle;
    }
  }
  return proof.reverse();
}

/** The proof that the tree of `size1` leaves, at least one, is the beginning of that of `size2`. */
export function consistencyProof(size1: number, size2: number, subtreeRoot: SubtreeRoot): readonly Buffer[] {
  const proof: Buffer[] = [];
  let [start, end] = [0, size2];
  while (end > size1) {
    const middle = start + largestPowerBelow(end - start);
    if (size1 <= middle) {
      proof.push(subtreeRoot(middle, end));
      end = middle;
    } else {
      proof.push(subtreeRoot(start, middle));
      start = middle;
    }
  }
  // The verifier has the older tree's root, and needs this node only where it is another one.
  if (start > 0) proof.push(subtreeRoot(start, end));
  return proof.reverse();
}

function isPowerOfTwo(size: number): boolean {
  return largestPowerBelow(size) * 2 === size || size === 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(values: readonly Uint8Array[]): boolean {
  return values.every((value) => value.length === 32);
}

function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
