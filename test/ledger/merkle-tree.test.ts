import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { emptyRoot, leafHash, MerkleTree, nodeHash } from "../../src/ledger/merkle-tree.ts";
import { sharedJson } from "./shared-vectors.ts";

/** The definition of RFC 6962, 2.1, word for word: slow, and plainly right. */
function slowRoot(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return createHash("sha256").digest();
  if (leaves.length === 1)
    return createHash("sha256")
      .update(Buffer.from([0]))
      .update(only)
      .digest();
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const left = slowRoot(leaves.slice(0, split));
  const right = slowRoot(leaves.slice(split));
  return createHash("sha256")
    .update(Buffer.from([1]))
    .update(left)
    .update(right)
    .digest();
}

function treeOf(leaves: readonly Buffer[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leafHash(leaf));
  return tree;
}

function numberedLeaves(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(`leaf-${index}`));
}

/** The classical leaves of Certificate Transparency's tests, and the roots of their first 0 to 8. */
const classicalLeaves = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const classicalRoots = [
  "e3b0c442",
  "6e340b9c",
  "fac54203",
  "aeb6bcfe",
  "d37ee418",
  "4e3bbb1f",
  "76e67dad",
  "ddb89be4",
  "5dc9da79",
];

test.each(classicalRoots.map((root, size) => [size, root] as const))(
  "the first %i classical leaves have the root %s…",
  (size, root) => {
    const tree = treeOf(classicalLeaves.slice(0, size).map((hex) => Buffer.from(hex, "hex")));
    expect(tree.root().toString("hex").slice(0, 8)).toBe(root);
  },
);

test("a growing tree has the root of the definition at every size up to 300", () => {
  const leaves = numberedLeaves(300);
  const tree = new MerkleTree();
  expect(tree.root()).toEqual(emptyRoot);
  for (const [index, leaf] of leaves.entries()) {
    tree.append(leafHash(leaf));
    expect(tree.root().equals(slowRoot(leaves.slice(0, index + 1)))).toBe(true);
  }
});

test("a copy grows without changing the tree it was made from", () => {
  const tree = treeOf(numberedLeaves(7));
  const before = tree.root();
  const copy = tree.copy();
  copy.append(leafHash(Buffer.from("more")));
  expect([tree.size, tree.root()]).toEqual([7, before]);
  expect([copy.size, copy.root()]).toEqual([8, treeOf([...numberedLeaves(7), Buffer.from("more")]).root()]);
});

test("sizes beyond 2^32 are counted exactly: one leaf more than 2^40 - 1 joins every subtree into one", () => {
  const size = 2 ** 40 - 1;
  const subtreeRoots = Array.from({ length: 40 }, (_, index) => leafHash(Buffer.from(`subtree ${index}`)));
  const tree = new MerkleTree(size, subtreeRoots);
  const leaf = leafHash(Buffer.from("last"));
  tree.append(leaf);
  const joined = subtreeRoots.reduceRight((right, left) => nodeHash(left, right), leaf);
  expect([tree.size, tree.root()]).toEqual([2 ** 40, joined]);
});

const sharedTree = z.object({
  leaves: z.array(z.string()),
  roots: z.array(z.string()),
  generated: z.object({ roots: z.record(z.string(), z.string()) }),
});
for (const shared of sharedJson("merkle.json", sharedTree)) {
  test("the published roots of small trees hold", () => {
    const leaves = shared.leaves.map((hex) => Buffer.from(hex, "hex"));
    const roots = shared.roots.map((_, size) => treeOf(leaves.slice(0, size)).root().toString("hex"));
    expect(roots).toEqual(shared.roots);
  });

  test("the published roots of generated trees up to 65,537 leaves hold", () => {
    const sizes = Object.keys(shared.generated.roots).map(Number);
    const tree = new MerkleTree();
    const roots: Record<string, string> = {};
    for (const [index, leaf] of numberedLeaves(Math.max(...sizes)).entries()) {
      tree.append(leafHash(leaf));
      if (sizes.includes(index + 1)) roots[String(index + 1)] = tree.root().toString("hex");
    }
    expect(roots).toEqual(shared.generated.roots);
  });
}
