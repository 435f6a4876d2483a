import { hash } from "node:crypto";
import { putHash } from "./merkle-tree.ts";
import { maximumNodes, type WideNodeHash, wideNodeHash } from "./wide-node-hash.ts";

/** Leaves of a tile: a complete, aligned subtree whose root a thread computes for those who join blocks. */
export const tileLeaves = 64;
/** Height of a tile. */
export const tileLevel = 6;

const nodeInput = new Uint8Array(65).fill(0x01);
const nodes = new Uint8Array(32 * (tileLeaves / 2));

/**
 * Root of the subtree over 64 leaf hashes that begin at the one with this index. The same nodes as in merkle-tree.ts, in memory
 * that is used again: making a Buffer for each takes longer than hashing it. Use the result before asking for the next.
 */
export function tileRoot(leaves: Uint8Array, firstLeaf: number): Uint8Array {
  let source = leaves;
  let start = 32 * firstLeaf;
  for (let count = tileLeaves / 2; count >= 1; count /= 2) {
    for (let index = 0; index < count; index += 1) {
      for (let byte = 0; byte < 64; byte += 1) nodeInput[1 + byte] = source[start + 64 * index + byte] ?? 0;
      putHash(hash("sha256", nodeInput, "binary"), nodes, 32 * index);
    }
    source = nodes;
    start = 0;
  }
  return nodes.subarray(0, 32);
}

const tilesAtOnce = maximumNodes / (tileLeaves / 2);
/** Making the module takes as long as hashing the nodes of so many tiles one by one. */
const worthwhileTiles = 512;
let tilesSoFar = 0;
/** Not asked for yet; null where there is none. */
let wide: WideNodeHash | null | undefined;

/** Roots of so many tiles that follow each other, 32 bytes each. */
export function tileRoots(leaves: Uint8Array, firstLeaf: number, count: number): Uint8Array<ArrayBuffer> {
  tilesSoFar += count;
  if (tilesSoFar > worthwhileTiles && wide === undefined) wide = wideNodeHash();
  const roots = new Uint8Array(32 * count);
  for (let tile = 0; tile < count; ) {
    const leaf = firstLeaf + tile * tileLeaves;
    const taken = wide ? Math.min(tilesAtOnce, count - tile) : 1;
    roots.set(wide ? wideRoots(wide, leaves, leaf, taken) : tileRoot(leaves, leaf), 32 * tile);
    tile += taken;
  }
  return roots;
}

/** Level by level over several tiles. */
function wideRoots(wideHash: WideNodeHash, leaves: Uint8Array, leaf: number, count: number): Uint8Array {
  wideHash.nodes.set(leaves.subarray(32 * leaf, 32 * (leaf + tileLeaves * count)));
  for (let left = (tileLeaves / 2) * count; left >= count; left /= 2) wideHash.hash(left);
  return wideHash.nodes.subarray(0, 32 * count);
}
