import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { MerkleTree } from "../../src/ledger/merkle-tree.ts";
import { tileLeaves, tileRoots } from "../../src/ledger/tile.ts";
import { maximumNodes, wideNodeHash } from "../../src/ledger/wide-node-hash.ts";

/** So many bytes that are the same in every run. */
const bytesFrom = (seed: string, length: number): Buffer =>
  Buffer.concat(
    Array.from({ length: Math.ceil(length / 32) }, (_, index) => hash("sha256", `${seed} ${index}`, "buffer")),
  ).subarray(0, length);

const nodeOf = (children: Uint8Array): string => hash("sha256", Buffer.concat([Buffer.from([1]), children]), "hex");

function hexOf(hashes: Uint8Array, count: number): string[] {
  const bytes = Buffer.from(hashes);
  return Array.from({ length: count }, (_, index) => bytes.toString("hex", 32 * index, 32 * index + 32));
}

test.each([1, 2, 3, 4, 5, 7, 64, 1001, maximumNodes])("%i nodes are hashed at once as they are one by one", (count) => {
  const wide = wideNodeHash();
  const children = bytesFrom("nodes", 64 * count);
  wide?.nodes.set(children);
  wide?.hash(count);
  const expected = Array.from({ length: count }, (_, index) => nodeOf(children.subarray(64 * index, 64 * index + 64)));
  expect(hexOf(wide?.nodes ?? new Uint8Array(), count)).toEqual(expected);
});

test.each([0x00, 0x7f, 0x80, 0xff])("nodes of bytes %i alone are hashed right", (byte) => {
  const wide = wideNodeHash();
  wide?.nodes.fill(byte, 0, 256);
  wide?.hash(4);
  const expected = nodeOf(Buffer.alloc(64, byte));
  expect(hexOf(wide?.nodes ?? new Uint8Array(), 4)).toEqual(Array.from({ length: 4 }, () => expected));
});

test("roots of tiles are those of the tree, before and after there are enough tiles for hashing several nodes at once", () => {
  const count = 150;
  const leaves = bytesFrom("leaves", 32 * (tileLeaves * count + 5));
  const expected = Array.from({ length: count }, (_, tile) => {
    const tree = new MerkleTree();
    for (let leaf = 0; leaf < tileLeaves; leaf += 1) {
      const start = 32 * (5 + tile * tileLeaves + leaf);
      tree.append(leaves.subarray(start, start + 32));
    }
    return tree.root().toString("hex");
  });
  for (let round = 0; round < 5; round += 1) expect(hexOf(tileRoots(leaves, 5, count), count)).toEqual(expected);
});

test("no tile has no root", () => {
  expect(tileRoots(new Uint8Array(), 0, 0)).toHaveLength(0);
});
