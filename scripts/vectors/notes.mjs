import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { openCheckpoint, parseCheckpoint, signCheckpoint } from "../../dist/ledger/checkpoint.js";
import { verifyConsistency } from "../../dist/ledger/merkle-proof.js";
import { leafHash, MerkleTree } from "../../dist/ledger/merkle-tree.js";
import { openNote, signNote } from "../../dist/ledger/note.js";
import { verifyTlogProof } from "../../dist/ledger/tlog-proof.js";
import { parseVerifierKey } from "../../dist/ledger/verifier-key.js";
import { assertEqual, assertKnownMembers, assertThrows, listOf, readJson } from "./ledger-files.mjs";

/** C2SP notes, verifier keys, checkpoints with cosignatures, proof bundles and requests to witnesses. */
export function handles(path) {
  return /(^|\/)notes\.json$/.test(path);
}

const readers = {
  notes: (item) => checkNote(item),
  malformed_notes: (item) => checkRefusedNote(item),
  bad_vkeys: ({ vkey }) => assertThrows("the verifier key was taken", () => parseVerifierKey(vkey)),
  malformed_checkpoint_texts: ({ text }) => assertEqual("what was read", parseCheckpoint(text), null),
  tlog_proofs: (item, log) => checkProof(item, log),
  witness_add_checkpoint_bodies: (item, log) => checkWitnessBody(item, log),
};

export function* cases(directory, path) {
  const file = readJson(directory, path);
  assertKnownMembers(file, ["source", "log", ...Object.keys(readers)]);
  if (file.log !== undefined) yield* logCases(file.log);
  for (const [kind, check] of Object.entries(readers)) {
    for (const [index, item] of listOf(file[kind], kind).entries()) {
      const name = item.name ?? item.reason ?? item.leaf ?? `${item.old} to ${item.new}`;
      yield { name: `${kind} ${index} (${name})`, check: () => check(item, file.log) };
    }
  }
}

function bytesOf({ note, note_hex: hex }) {
  return hex === undefined ? Buffer.from(note) : Buffer.from(hex, "hex");
}

async function checkNote(item) {
  const opened = openNote(bytesOf(item), item.vkeys.map(parseVerifierKey));
  if (item.expect.some(({ valid }) => valid === false)) return assertEqual("the verdict", opened.ok, false);
  if (!opened.ok) throw new Error(`it was refused: ${opened.reason}`);
  const found = opened.signatures.map(({ key, timestampSeconds }) => [
    key.name,
    key.keyId,
    typeOf(key),
    timestampSeconds,
  ]);
  const expected = item.expect
    .filter(({ valid }) => valid === true)
    .map(({ name, key_id: id, type, timestamp }) => [name, id, type, timestamp ?? null]);
  assertEqual("the list of signatures", sorted(found), sorted(expected));
  const text = bytesOf(item).toString("utf8", 0, bytesOf(item).lastIndexOf("\n\n") + 1);
  assertEqual("the text", opened.text, text);
  const changed = Buffer.from(bytesOf(item));
  changed[0] ^= 1;
  assertEqual("the verdict on a changed text", openNote(changed, item.vkeys.map(parseVerifierKey)).ok, false);
  if (item.seed_hex !== undefined) await checkSigning(item, text);
}

/** Ed25519 is deterministic: our signature is, byte by byte, the published one. */
async function checkSigning({ note, signer_key: key, seed_hex: seed }, text) {
  const name = key.split("+")[2];
  const signed = await signNote(text, signerOf(name, seed));
  const line = signed.slice(text.length + 1);
  if (!note.includes(line)) throw new Error(`our signature line is ${line.trim()}, and not one of the note's`);
}

function sorted(signatures) {
  return signatures.map((signature) => JSON.stringify(signature)).toSorted((left, right) => (left < right ? -1 : 1));
}

function typeOf({ algorithm }) {
  return algorithm === "ed25519" ? 1 : 4;
}

function checkRefusedNote(item) {
  assertEqual("the verdict", openNote(bytesOf(item), listOf(item.vkeys, "vkeys").map(parseVerifierKey)).ok, false);
}

function* logCases(log) {
  const keys = [parseVerifierKey(log.vkey)];
  for (const [size, note] of Object.entries(log.checkpoints)) {
    const check = async () => {
      const opened = openCheckpoint(Buffer.from(note), keys);
      if (!opened.ok) throw new Error(`it was refused: ${opened.reason}`);
      const { origin, root } = opened.checkpoint;
      assertEqual("origin and size", [origin, opened.checkpoint.size], [log.origin, Number(size)]);
      assertEqual("the root", root, rootOf(log, Number(size)));
      if (log.seed_hex === undefined) return;
      const signed = await signCheckpoint(opened.checkpoint, signerOf(keys[0].name, log.seed_hex));
      assertEqual("our own checkpoint", signed, note);
    };
    yield { name: `checkpoint of ${size}`, check };
  }
}

function rootOf({ leaves }, size) {
  const tree = new MerkleTree();
  for (const leaf of leaves.slice(0, size)) tree.append(leafHash(Buffer.from(leaf)));
  return tree.root();
}

function keysOf(item, log) {
  return (item.vkeys ?? [item.vkey ?? log.vkey]).map(parseVerifierKey);
}

function checkProof(item, log) {
  const bundle = Buffer.from(item.bundle);
  const leaf = leafHash(Buffer.from(item.leaf));
  const opened = verifyTlogProof(bundle, leaf, keysOf(item, log));
  if (item.valid === false) return assertEqual("the verdict", opened.ok, false);
  if (!opened.ok) throw new Error(`it was refused: ${opened.reason}`);
  assertEqual("index and size", [opened.index, opened.checkpoint.size], [item.index, item.size]);
  const other = verifyTlogProof(bundle, leafHash(Buffer.from(`${item.leaf}!`)), keysOf(item, log));
  assertEqual("the verdict on another record", other.ok, false);
}

/** What a witness checks: the checkpoint's signature, and that its tree begins with the one it knew (C2SP tlog-witness). */
function checkWitnessBody(item, log) {
  const border = item.body.indexOf("\n\n");
  const [head, ...proofLines] = item.body.slice(0, border).split("\n");
  assertEqual("the first line", head, `old ${item.old}`);
  const opened = openCheckpoint(Buffer.from(item.body.slice(border + 2)), keysOf(item, log));
  if (!opened.ok) throw new Error(`the checkpoint was refused: ${opened.reason}`);
  const { size, root } = opened.checkpoint;
  assertEqual("the new size", size, item.new);
  const proof = proofLines.map((line) => Buffer.from(line, "base64"));
  // Every tree begins with the empty one: there is nothing to prove, and no proof may be sent.
  const verdict =
    item.old === 0 ? proof.length === 0 : verifyConsistency(item.old, size, proof, rootOf(log, item.old), root);
  assertEqual("the verdict on the proof", verdict, item.valid ?? true);
}

function signerOf(name, seedHex) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(seedHex, "hex")]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: "jwk" }).x, "base64url");
  return { name, publicKey, sign: async (message) => sign(null, message, privateKey) };
}
