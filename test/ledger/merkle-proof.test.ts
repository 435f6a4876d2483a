import * as fc from "fast-check";
import { expect, test } from "vitest";
import { consistencyProof, inclusionProof, verifyConsistency, verifyInclusion } from "../../src/ledger/merkle-proof.ts";
import { emptyRoot, leafHash, nodeHash } from "../../src/ledger/merkle-tree.ts";

const leaves = Array.from({ length: 40 }, (_, index) => leafHash(Buffer.from(String(index))));

/** RFC 6962, 2.1, word for word. */
function rootOf(start: number, end: number): Buffer {
  if (end === start) return emptyRoot;
  if (end - start === 1) return leaves[start] ?? emptyRoot;
  let width = 1;
  while (width * 2 < end - start) width *= 2;
  return nodeHash(rootOf(start, start + width), rootOf(start + width, end));
}

test("every leaf of every tree up to 40 leaves has a proof, and no other place has the same", () => {
  const wrong: unknown[] = [];
  for (let size = 1; size <= leaves.length; size += 1) {
    const root = rootOf(0, size);
    for (const [index, leaf] of leaves.slice(0, size).entries()) {
      const proof = inclusionProof(index, size, rootOf);
      if (!verifyInclusion(leaf, index, size, proof, root)) wrong.push([index, size]);
      if (verifyInclusion(leaf, (index + 1) % size, size, proof, root) && size > 1) wrong.push([index, size, "moved"]);
    }
  }
  expect(wrong).toEqual([]);
});

test("every tree up to 40 leaves is proven to begin every larger one, and a tree with another root is not", () => {
  const wrong: unknown[] = [];
  for (let size2 = 1; size2 <= leaves.length; size2 += 1) {
    for (let size1 = 1; size1 <= size2; size1 += 1) {
      const [root1, root2] = [rootOf(0, size1), rootOf(0, size2)];
      const proof = consistencyProof(size1, size2, rootOf);
      if (!verifyConsistency(size1, size2, proof, root1, root2)) wrong.push([size1, size2]);
      if (verifyConsistency(size1, size2, proof, leafHash(root1), root2)) wrong.push([size1, size2, "other root"]);
      if (size1 < size2 && verifyConsistency(size1, size2, proof, root1, leafHash(root2))) wrong.push([size1, size2]);
    }
  }
  expect(wrong).toEqual([]);
});

test("a proof with one bit changed, one hash less or one more proves nothing", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(255), (size, seed, bit) => {
      const index = seed % size;
      const [leaf, root] = [leaves[index] ?? emptyRoot, rootOf(0, size)];
      const proof = inclusionProof(index, size, rootOf);
      const changed = Buffer.from(proof[seed % proof.length] ?? emptyRoot);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const other of [
        proof.with(seed % proof.length, changed),
        proof.slice(1),
        proof.slice(0, -1),
        [...proof, root],
      ]) {
        expect(verifyInclusion(leaf, index, size, other, root)).toBe(false);
      }
    }),
  );
  expect(inclusionProof(0, 1, rootOf)).toEqual([]);
});

test("sizes beyond 2^32 are exact", () => {
  const size = 2 ** 40 + 1;
  const [left, last] = [leafHash(Buffer.from("left")), leafHash(Buffer.from("last"))];
  expect(verifyInclusion(last, size - 1, size, [left], nodeHash(left, last))).toBe(true);
  expect(verifyConsistency(2 ** 40, size, [last], left, nodeHash(left, last))).toBe(true);
});

test.each([
  [-1, 1],
  [1, 1],
  [0, 0],
  [0.5, 1],
  [Number.NaN, 1],
])("the place %d of a tree of %d is refused", (index, size) => {
  expect(verifyInclusion(emptyRoot, index, size, [], emptyRoot)).toBe(false);
});
