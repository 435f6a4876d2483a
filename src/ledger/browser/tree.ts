import { Walk } from "../merkle-walk.ts";
import { areEqual, type Bytes, concatenated, sha256 } from "./bytes.ts";

/** The Merkle tree of RFC 6962, section 2.1, with WebCrypto. */
export async function leafHash(data: Uint8Array): Promise<Bytes> {
  return await sha256(concatenated(Uint8Array.of(0), data));
}

async function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return await sha256(concatenated(Uint8Array.of(1), left, right));
}

/** Whether a leaf hash stands at this place of a tree of so many leaves (RFC 9162, 2.1.3.2). */
export async function isIncluded(
  leaf: Bytes,
  index: number,
  size: number,
  path: readonly Bytes[],
  root: Bytes,
): Promise<boolean> {
  if (index >= size) return false;
  const walk = new Walk(index, size - 1);
  let hash = leaf;
  for (const other of path) {
    if (walk.isAtRoot) return false;
    hash = walk.isRightChild ? await nodeHash(other, hash) : await nodeHash(hash, other);
    walk.rise();
  }
  return walk.isAtRoot && areEqual(hash, root);
}

/** Root over leaf hashes. */
export async function rootOf(leaves: readonly Bytes[]): Promise<Bytes> {
  if (leaves.length === 0) return await sha256(new Uint8Array());
  let level = leaves;
  // A node without a sibling is carried up: the same tree as that of largest powers of two.
  while (level.length > 1) {
    const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, index) =>
      level.slice(2 * index, 2 * index + 2),
    );
    level = await Promise.all(
      pairs.map(async ([left, right]) => {
        if (left === undefined) throw new Error("a level has no gaps");
        return right === undefined ? left : await nodeHash(left, right);
      }),
    );
  }
  const [root] = level;
  if (root === undefined) throw new Error("a tree with leaves has a root");
  return root;
}
