import { hash } from "node:crypto";

/** Leaves of a tile: a complete, aligned subtree whose root a thread computes for those who join blocks. */
export const tileLeaves = 64;
/** Height of a tile. */
export const tileLevel = 6;

const nodeInput = Buffer.alloc(65, 0x01);
const nodes = Buffer.alloc(32 * (tileLeaves / 2));

/**
 * Root of the subtree over 64 leaf hashes that begin at the one with this index. The same nodes as in merkle-tree.ts, in memory
 * that is used again: making a Buffer for each takes longer than hashing it. Use the result before asking for the next.
 */
export function tileRoot(leaves: Buffer, firstLeaf: number): Buffer {
  let source = leaves;
  let sourceStart = 32 * firstLeaf;
  for (let count = tileLeaves / 2; count >= 1; count /= 2) {
    for (let index = 0; index < count; index += 1) {
      source.copy(nodeInput, 1, sourceStart + 64 * index, sourceStart + 64 * (index + 1));
      nodes.write(hash("sha256", nodeInput, "binary"), 32 * index, 32, "latin1");
    }
    source = nodes;
    sourceStart = 0;
  }
  return nodes.subarray(0, 32);
}
