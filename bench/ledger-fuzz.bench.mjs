import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCheckpoint } from "../dist/ledger/checkpoint.js";
import { Ledger, loadOrCreateSigningKey, verifyLedger } from "../dist/ledger/index.js";
import { readRecord } from "../dist/ledger/line.js";
import { inclusionProof } from "../dist/ledger/merkle-proof.js";
import { leafHash, MerkleTree } from "../dist/ledger/merkle-tree.js";
import { formatTlogProof, verifyTlogProof } from "../dist/ledger/tlog-proof.js";
import { parseVerifierKey } from "../dist/ledger/verifier-key.js";
import { seededNumbers } from "./seeded-numbers.mjs";

/**
 * Mutations of lines, ledgers, notes, keys and proofs: nothing may throw anything but the errors it says, and nothing that
 * differs in substance may be accepted. CARBON_OPS_BENCH_MUTATIONS says how many of each (100,000; of whole ledgers a tenth).
 */
const mutations = Number(process.env.CARBON_OPS_BENCH_MUTATIONS ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), "carbon-ops-fuzz-"));
const random = seededNumbers(5_2026);
let broken = 0;

async function main() {
  const { signer, verifierKey } = await loadOrCreateSigningKey(join(folder, "ledger.key"));
  const path = join(folder, "ledger.ndjson");
  const ledger = await Ledger.create(path, { signer });
  const record = {
    kind: "t",
    text: 'a "quoted" \\ é \u{1f602}',
    list: [1, 2.5, -3e-9, null, true, {}],
    nested: { z: 1, a: "" },
  };
  for (let index = 0; index < 10; index += 1) await ledger.append({ ...record, index });
  await ledger.close();
  const bytes = readFileSync(path);
  const note = readFileSync(`${path}.checkpoint`);
  const key = parseVerifierKey(verifierKey);
  const lines = bytes.toString("latin1").split("\n").slice(0, -1);
  const leaves = lines.map((line) => leafHash(Buffer.from(line, "latin1")));
  await campaign("lines", Buffer.from(lines[3], "latin1"), mutations, acceptsLine);
  await campaign("checkpoints", note, mutations, (changed) => acceptsNote(changed, note, key));
  await campaign("keys", Buffer.from(verifierKey), mutations, acceptsKey);
  await campaign("proofs", proofOf(leaves, 3, note), mutations, (changed) => acceptsProof(changed, note, leaves, key));
  const options = { keys: [verifierKey], checkpoint: note };
  await campaign("ledgers", bytes, mutations / 10, (changed) => acceptsLedger(changed, bytes, options));
}

function proofOf(leaves, index, checkpoint) {
  const path = inclusionProof(index, leaves.length, (start, end) => {
    const tree = new MerkleTree();
    for (const leaf of leaves.slice(start, end)) tree.append(leaf);
    return tree.root();
  });
  return Buffer.from(formatTlogProof({ extra: null, index, path, checkpoint }));
}

/** A line is accepted rightly when somebody else's parser and a plain sorted printer give its bytes back. */
function acceptsLine(changed) {
  if (typeof readRecord(changed) === "string") return null;
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(changed);
  return sortedText(JSON.parse(text)) === text ? "rightly" : "falsely";
}

function sortedText(value) {
  if (Array.isArray(value)) return `[${value.map(sortedText).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sortedText(value[name])}`).join(",")}}`;
}

/** Signature lines of strangers may come and go; the text may not. */
function acceptsNote(changed, note, key) {
  if (!openCheckpoint(changed, [key]).ok) return null;
  return textOf(changed) === textOf(note) ? "rightly" : "falsely";
}

function textOf(note) {
  const text = note.toString("latin1");
  return text.slice(0, text.lastIndexOf("\n\n"));
}

function acceptsKey(changed) {
  try {
    const text = changed.toString("utf8");
    parseVerifierKey(text);
    return "falsely";
  } catch (error) {
    if (error.code === "KEY_INVALID") return null;
    throw error;
  }
}

function acceptsProof(changed, note, leaves, key) {
  const opened = verifyTlogProof(changed, leaves[3], [key]);
  if (!opened.ok) return null;
  const isSame = opened.index === 3 && opened.checkpoint.size === leaves.length;
  return isSame && textOf(changed).endsWith(textOf(note)) ? "rightly" : "falsely";
}

/** Bytes behind the last line feed are no part of the ledger. */
async function acceptsLedger(changed, bytes, options) {
  const { valid, unsignedLines } = await verifyLedger(streamOf(changed), options);
  if (!valid || unsignedLines > 0) return null;
  return changed.subarray(0, bytes.length).equals(bytes) ? "rightly" : "falsely";
}

async function* streamOf(bytes) {
  if (bytes.length > 0) yield bytes;
}

async function campaign(name, original, count, accepts) {
  const outcomes = { refused: 0, rightly: 0, falsely: 0, crashed: 0 };
  for (let index = 0; index < count; index += 1) {
    const changed = mutated(original);
    if (changed.equals(original)) continue;
    try {
      outcomes[(await accepts(changed)) ?? "refused"] += 1;
    } catch (error) {
      outcomes.crashed += 1;
      if (outcomes.crashed <= 3) console.log(`  CRASHED on ${changed.toString("base64")}: ${error.stack}`);
    }
  }
  broken += outcomes.falsely + outcomes.crashed;
  console.log(`  ${name.padEnd(12)} ${JSON.stringify(outcomes)}`);
}

/** One to four changes: bytes set, removed, doubled, moved, or pieces of what such texts are made of put in. */
function mutated(original) {
  let bytes = Buffer.from(original);
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const place = random(bytes.length + 1);
    const end = Math.min(bytes.length, place + 1 + random(random(8) === 0 ? 200 : 4));
    const piece = bytes.subarray(place, end);
    const kind = random(6);
    if (kind === 0 && place < bytes.length) bytes[place] = random(256);
    else if (kind === 1 && place < bytes.length) bytes[place] ^= 1 << random(8);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(end)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, end), piece, bytes.subarray(end)]);
    else if (kind === 4)
      bytes = Buffer.concat([bytes.subarray(0, place), pieces[random(pieces.length)], bytes.subarray(place)]);
    else bytes = Buffer.concat([bytes.subarray(end), piece, bytes.subarray(0, place)]);
  }
  return bytes;
}

const pieces = [
  "\n",
  "\n\n",
  "\u2014 ",
  "+",
  "=",
  "0",
  "-0",
  "1e400",
  "1.0",
  '"',
  "\\u0000",
  "\\ud800",
  "{}",
  "[",
  "]",
  ",",
  ":",
  " ",
  "\0",
  "\r",
  "\ufeff",
  '"__proto__":1,',
  '"kind":"t",',
  "[".repeat(300),
].map((text) => Buffer.from(text));
pieces.push(Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from([0xed, 0xa0, 0x80]));

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (broken > 0) process.exitCode = 1;
