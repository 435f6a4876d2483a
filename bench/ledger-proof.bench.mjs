import { hash } from "node:crypto";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signCheckpoint } from "../dist/ledger/checkpoint.js";
import { checkConsistencyProof, checkRecordProof, createSigningKey } from "../dist/ledger/index.js";
import { MerkleTree } from "../dist/ledger/merkle-tree.js";
import { proveConsistency, proveRecord } from "../dist/ledger/prove.js";

/**
 * What a proof costs in ledgers of 10^6 and 10^7 records: the first one, which has to read the ledger, the next ones, which
 * use the tiles beside it, and the check. Ends with 1 when a proof does not hold. `CARBON_OPS_BENCH_RECORDS` names other sizes.
 */
const sizes = (process.env.CARBON_OPS_BENCH_RECORDS ?? "1000000,10000000").split(",").map(Number);
const directory = mkdtempSync(join(tmpdir(), "carbon-ops bench "));
let isBroken = false;
try {
  const key = await createSigningKey(join(directory, "ledger.key"));
  for (const size of sizes) await measure(size, key);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
if (isBroken) process.exitCode = 1;

async function measure(size, { signer, verifierKey }) {
  const path = join(directory, `${size}.ndjson`);
  const { bytes, older } = await writeLedger(path, size, signer, verifierKey);
  const seqs = Array.from({ length: 50 }, (_, index) => Math.floor(((index + 0.5) * size) / 50));
  const [first, firstMs, firstCpu] = await timed(() => proveRecord(path, seqs[0]));
  const [next, nextMs, nextCpu] = await timed(async () => {
    const proofs = [];
    for (const seq of seqs) proofs.push(await proveRecord(path, seq));
    return proofs;
  });
  const bundles = [first, ...next].map(({ proof }) => Buffer.from(proof));
  const [checked, checkMs, checkCpu] = await timed(async () =>
    bundles.map((proof) => checkRecordProof(proof, [verifierKey])),
  );
  const [growth, growthMs, growthCpu] = await timed(() => proveConsistency(path, older));
  const [grown, grownMs, grownCpu] = await timed(async () =>
    checkConsistencyProof(Buffer.from(growth.proof), older, [verifierKey]),
  );
  const [plain, , plainCpu] = await timed(async () => hash("sha256", Buffer.alloc(1 << 26)).length * (1 << 26));
  const holds = checked.every(({ ok, seq }, index) => ok && seq === [seqs[0], ...seqs][index]) && grown.ok && plain > 0;
  isBroken ||= !holds;
  const plainOfAll = (plainCpu * bytes) / (1 << 26);
  console.log(`${size} records, ${(bytes / 1e6).toFixed(0)} MB${holds ? "" : ": A PROOF DOES NOT HOLD"}`);
  const ratio = `${(firstCpu / plainOfAll).toFixed(1)} x the CPU time of one SHA-256 of the ledger`;
  print("first proof, tiles are made", firstMs, firstCpu, ratio);
  print("each further proof", nextMs / seqs.length, nextCpu / seqs.length);
  print("check of a proof", checkMs / bundles.length, checkCpu / bundles.length, `${bundles[0].length} bytes`);
  print("proof of growth", growthMs, growthCpu);
  print("check of it", grownMs, grownCpu);
  rmSync(path);
}

function print(label, ms, cpuMs, rest = "") {
  const figures = `${ms.toFixed(2).padStart(10)} ms ${cpuMs.toFixed(2).padStart(10)} ms CPU`;
  console.log(`  ${label.padEnd(30)} ${figures}${rest === "" ? "" : `  ${rest}`}`);
}

/** What it gives, and how long it took: milliseconds, and milliseconds of CPU time on all threads. */
async function timed(work) {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  return [result, performance.now() - start, (user + system) / 1e3];
}

/** A ledger with one checkpoint at its end, and another one over its first half. */
async function writeLedger(path, size, signer, verifierKey) {
  const ledgerId = "00000000-0000-4000-8000-000000000000";
  const genesis = `{"created_at":"2026-01-01T00:00:00.000Z","kind":"genesis","ledger_id":"${ledgerId}","public_key":"${verifierKey}","schema_version":"1.0.0"}`;
  const tree = new MerkleTree();
  const stream = createWriteStream(path);
  const origin = `carbon-ops/ledger/${ledgerId}`;
  let older = Buffer.alloc(0);
  let bytes = 0;
  let prevHash = "0".repeat(64);
  let chunk = [];
  for (let seq = 0; seq < size; seq += 1) {
    const record = seq === 0 ? genesis : `{"grams":${seq / 8},"kind":"test"}`;
    const line = `{"prev_hash":"${prevHash}","record":${record},"seq":${seq}}`;
    const leaf = hash("sha256", `\0${line}`, "buffer");
    tree.append(leaf);
    prevHash = leaf.toString("hex");
    bytes += line.length + 1;
    chunk.push(line);
    if (seq + 1 === Math.floor(size / 2)) {
      older = Buffer.from(await signCheckpoint({ origin, size: tree.size, root: tree.root() }, signer));
    }
    if (chunk.length === 8192 || seq === size - 1) {
      const isRoom = stream.write(`${chunk.join("\n")}\n`);
      chunk = [];
      if (!isRoom) await new Promise((resolve) => stream.once("drain", resolve));
    }
  }
  await new Promise((resolve, reject) => stream.end((error) => (error ? reject(error) : resolve())));
  const newest = await signCheckpoint({ origin, size: tree.size, root: tree.root() }, signer);
  writeFileSync(`${path}.checkpoint`, newest);
  return { bytes, older };
}
