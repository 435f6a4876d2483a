import { spawnSync } from "node:child_process";
import { createPrivateKey, hash, sign } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatCheckpoint } from "../dist/ledger/checkpoint.js";
import { Ledger, loadOrCreateSigningKey, loadSigningKey, verifyLedger } from "../dist/ledger/index.js";
import { MerkleTree } from "../dist/ledger/merkle-tree.js";

/**
 * What a history of 10^6 checkpoints, one for each line, costs: opening for an append where a note of the last writer is there
 * and where it is not, an append, and a verification of every signature; each in a process of its own, with its CPU time and
 * its largest resident memory. Ends with 1 when a verdict is wrong, or when memory grows with the history. CARBON_OPS_BENCH_CHECKPOINTS
 * names another number.
 */
const [, , task, childsLedger, childsKey] = process.argv;
const allowedGrowthMb = 128;
if (task === undefined) await main();
else await inChild(task);

async function main() {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-history-"));
  try {
    const many = Number(process.env.CARBON_OPS_BENCH_CHECKPOINTS ?? 1_000_000);
    const few = await measure(folder, Math.max(1, Math.floor(many / 100)));
    const all = await measure(folder, many);
    for (const [name, megabytes] of Object.entries(all)) {
      if (megabytes - few[name] < allowedGrowthMb) continue;
      console.log(`  BROKEN: ${name} took ${(megabytes - few[name]).toFixed(0)} MB more for 100 times the checkpoints`);
      process.exitCode = 1;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Largest resident memory of each task, in megabytes. */
async function measure(folder, count) {
  const ledger = join(folder, `${count}.ndjson`);
  const key = join(folder, "ledger.key");
  await loadOrCreateSigningKey(key);
  const megabytes = await writeLedger(ledger, key, count);
  console.log(`${count} checkpoints, ${megabytes.toFixed(0)} MB of them`);
  const peaks = {};
  for (const name of ["first append", "append", "verify"]) {
    const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), name, ledger, key], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) throw new Error(`${name}: ${stdout}`);
    const { line, peakMb } = JSON.parse(stdout);
    console.log(`  ${name.padEnd(14)} ${line}, ${peakMb.toFixed(0)} MB of memory at most`);
    peaks[name] = peakMb;
  }
  rmSync(ledger);
  rmSync(`${ledger}.checkpoints`);
  return peaks;
}

async function inChild(name) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(3)} s`;
  let line = "";
  if (name === "verify") {
    const { verifierKey } = await loadSigningKey(childsKey);
    const { valid, lines, unsignedLines, checkpoints } = await verifyLedger(childsLedger, { keys: [verifierKey] });
    if (!valid || unsignedLines > 0) process.exitCode = 1;
    line = `${seconds()} for ${lines} lines and ${checkpoints.inHistory} signatures`;
  } else {
    const { signer } = await loadSigningKey(childsKey);
    const ledger = await Ledger.open(childsLedger, { signer });
    const opened = seconds();
    await ledger.append({ kind: "test" });
    const appended = seconds();
    for (let index = 0; index < 20; index += 1) await ledger.append({ kind: "test" });
    await ledger.close();
    line = `open after ${opened}, first append after ${appended}, 20 more and closed after ${seconds()}`;
  }
  const { user, system } = process.cpuUsage();
  line += `, ${((user + system) / 1e6).toFixed(2)} s of CPU time`;
  const peakMb = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
  process.stdout.write(JSON.stringify({ line, peakMb }));
}

/** A ledger whose every line was appended alone; gives the megabytes of its history. */
async function writeLedger(path, keyPath, count) {
  const { verifierKey } = await loadSigningKey(keyPath);
  const privateKey = createPrivateKey(readFileSync(keyPath));
  const [name, keyId] = verifierKey.split("+");
  const ledgerId = "00000000-0000-4000-8000-000000000000";
  const origin = `carbon-ops/ledger/${ledgerId}`;
  const genesis = `{"created_at":"2026-01-01T00:00:00.000Z","kind":"genesis","ledger_id":"${ledgerId}","public_key":"${verifierKey}","schema_version":"1.0.0"}`;
  const lines = writer(path);
  const notes = writer(`${path}.checkpoints`);
  const tree = new MerkleTree();
  let prevHash = "0".repeat(64);
  let note = "";
  for (let seq = 0; seq < count; seq += 1) {
    const record = seq === 0 ? genesis : `{"grams":${seq / 8},"kind":"test"}`;
    const line = `{"prev_hash":"${prevHash}","record":${record},"seq":${seq}}`;
    const leaf = hash("sha256", `\0${line}`, "buffer");
    tree.append(leaf);
    prevHash = leaf.toString("hex");
    const text = formatCheckpoint({ origin, size: tree.size, root: tree.root() });
    const signature = Buffer.concat([Buffer.from(keyId, "hex"), sign(null, Buffer.from(text), privateKey)]);
    note = `${text}\n— ${name} ${signature.toString("base64")}\n`;
    lines.write(`${line}\n`);
    notes.write(`${note}\n`);
  }
  lines.end();
  notes.end();
  writeFileSync(`${path}.checkpoint`, note);
  return statSync(`${path}.checkpoints`).size / 1e6;
}

/** Gathers texts to pieces of a megabyte. */
function writer(path) {
  const descriptor = openSync(path, "wx");
  let piece = [];
  let length = 0;
  const flush = () => {
    writeFileSync(descriptor, piece.join(""));
    piece = [];
    length = 0;
  };
  return {
    write: (text) => {
      piece.push(text);
      length += text.length;
      if (length > 1 << 20) flush();
    },
    end: () => {
      flush();
      closeSync(descriptor);
    },
  };
}
