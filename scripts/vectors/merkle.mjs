import {
  consistencyProof,
  inclusionProof,
  verifyConsistency,
  verifyInclusion,
} from "../../dist/ledger/merkle-proof.js";
import { leafHash, MerkleTree, nodeHash } from "../../dist/ledger/merkle-tree.js";
import { assertEqual, assertKnownMembers, listOf, readJson } from "./ledger-files.mjs";

/** RFC 6962 trees: hashes, roots, proofs, and published attempts to pass a wrong proof off. */
export function handles(path) {
  return /(^|\/)merkle\.json$/.test(path);
}

const known = ["hash", "leaf_prefix", "node_prefix", "source", "leaves", "leaf_hashes", "roots", "nodes_level_index"];
const proofs = ["inclusion", "consistency", "generated", "inclusion_probes", "consistency_probes"];

export function* cases(directory, path) {
  const file = readJson(directory, path);
  assertKnownMembers(file, [...known, ...proofs]);
  const leaves = listOf(file.leaves, "leaves").map(fromHex);
  const tree = new LeafHashes(leaves.map(leafHash));
  for (const [index, expected] of listOf(file.leaf_hashes, "leaf_hashes").entries()) {
    yield {
      name: `leaf ${index}`,
      check: () => assertEqual("the leaf hash", leafHash(leaves[index]), fromHex(expected)),
    };
  }
  for (const [size, root] of listOf(file.roots, "roots").entries()) yield rootCase(tree, size, root);
  for (const [place, expected] of Object.entries(file.nodes_level_index ?? {})) yield nodeCase(tree, place, expected);
  yield* proofCases(tree, file);
  if (file.generated !== undefined) yield* generatedCases(file.generated);
  for (const probe of listOf(file.inclusion_probes, "inclusion_probes")) yield probeCase(probe, includes);
  for (const probe of listOf(file.consistency_probes, "consistency_probes")) yield probeCase(probe, extendsTree);
}

function* generatedCases({ rule, roots, inclusion, consistency, ...rest }) {
  assertKnownMembers(rest, []);
  if (!/"leaf-<i>"/.test(rule)) throw new Error(`the rule "${rule}" is not known to this reader`);
  const sizes = [
    ...Object.keys(roots ?? {}).map(Number),
    ...listOf(inclusion, "inclusion").map(({ size }) => size),
    ...listOf(consistency, "consistency").map(({ size2 }) => size2),
  ];
  const count = sizes.reduce((most, size) => Math.max(most, size), 0);
  const tree = new LeafHashes(Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`leaf-${index}`))));
  for (const [size, root] of Object.entries(roots ?? {})) yield rootCase(tree, Number(size), root);
  yield* proofCases(tree, { inclusion, consistency });
}

function rootCase(tree, size, expected) {
  return {
    name: `root of ${size}`,
    check: () => assertEqual("the root", tree.incrementalRoot(size), fromHex(expected)),
  };
}

function nodeCase(tree, place, expected) {
  const [level, index] = place.split(",").map(Number);
  const width = 2 ** level;
  const check = () => assertEqual("the node", tree.subtreeRoot(index * width, (index + 1) * width), fromHex(expected));
  return { name: `node ${place}`, check };
}

function* proofCases(tree, { inclusion, consistency }) {
  for (const item of listOf(inclusion, "inclusion")) {
    const { index, size, proof } = item;
    const leaf = item.leaf_hash ?? tree.hash(index).toString("hex");
    yield {
      name: `inclusion of ${index} in ${size}`,
      check: () => {
        assertEqual("the proof", hexes(inclusionProof(index, size, tree.subtreeRoot)), proof);
        checkProof({ ...item, leaf_hash: leaf }, includes);
      },
    };
  }
  for (const item of listOf(consistency, "consistency")) {
    const { size1, size2, proof } = item;
    yield {
      name: `consistency of ${size1} with ${size2}`,
      check: () => {
        assertEqual("the proof", hexes(consistencyProof(size1, size2, tree.subtreeRoot)), proof);
        checkProof(item, extendsTree);
      },
    };
  }
}

/** A right proof is taken, and none with one bit changed, one hash less or one more. */
function checkProof(item, verify) {
  assertEqual("the verdict", verify(item), true);
  for (const [index, hash] of item.proof.entries()) {
    const changed = fromHex(hash);
    changed[index % 32] ^= 1;
    assertEqual(
      "the verdict on a changed proof",
      verify({ ...item, proof: item.proof.with(index, changed.toString("hex")) }),
      false,
    );
  }
  if (item.proof.length > 0)
    assertEqual("the verdict on a short proof", verify({ ...item, proof: item.proof.slice(1) }), false);
  assertEqual("the verdict on a long proof", verify({ ...item, proof: [...item.proof, "00".repeat(32)] }), false);
}

function probeCase(probe, verify) {
  if (typeof probe.valid !== "boolean") throw new Error(`the probe "${probe.name}" does not say whether it is valid`);
  return {
    name: `probe ${probe.name ?? probe.desc}`,
    check: () => assertEqual("the verdict", verify(probe), probe.valid),
  };
}

function includes({ leaf_hash: leaf, index, size, proof, root }) {
  return verifyInclusion(fromHex(leaf), index, size, (proof ?? []).map(fromHex), fromHex(root));
}

function extendsTree({ size1, size2, proof, root1, root2 }) {
  return verifyConsistency(size1, size2, (proof ?? []).map(fromHex), fromHex(root1), fromHex(root2));
}

/** Leaves, and the roots over parts of them; roots of whole beginnings come from the tree that only grows. */
class LeafHashes {
  #hashes;
  #memory = new Map();

  constructor(hashes) {
    this.#hashes = hashes;
  }

  hash(index) {
    return this.#hashes[index];
  }

  incrementalRoot(size) {
    if (size > this.#hashes.length) throw new Error(`there are ${this.#hashes.length} leaves only`);
    const tree = new MerkleTree();
    for (const hash of this.#hashes.slice(0, size)) tree.append(hash);
    return tree.root();
  }

  subtreeRoot = (start, end) => {
    if (end - start === 1) return this.#hashes[start];
    const name = `${start}-${end}`;
    const remembered = this.#memory.get(name);
    if (remembered !== undefined) return remembered;
    let width = 1;
    while (width * 2 < end - start) width *= 2;
    const root = nodeHash(this.subtreeRoot(start, start + width), this.subtreeRoot(start + width, end));
    this.#memory.set(name, root);
    return root;
  };
}

function fromHex(text) {
  return Buffer.from(text, "hex");
}

function hexes(buffers) {
  return buffers.map((buffer) => buffer.toString("hex"));
}
