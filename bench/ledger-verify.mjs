import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdtempSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ledger, loadOrCreateSigningKey, verifyLedger } from "../dist/ledger/index.js";
import { compare } from "./harness.mjs";

/**
 * What it takes to verify a ledger of 10^6 records of some 580 bytes, beside reading and hashing the same bytes in the same run.
 * CARBON_OPS_BENCH_RECORDS says how many. Ends with 1 when the ledger does not verify, or memory grows with the file.
 */
const records = Number(process.env.CARBON_OPS_BENCH_RECORDS ?? 1_000_000);
const text = "lorem ipsum dolor ".repeat(19);
const self = fileURLToPath(import.meta.url);
/** Node.js itself takes some 50 MB; a thread some 30 MB. */
const allowedMb = 150 + 40 * availableParallelism();

export async function measureVerification() {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-verify-bench-"));
  try {
    const { signer, verifierKey } = await loadOrCreateSigningKey(join(folder, "ledger.key"));
    const path = join(folder, "ledger.ndjson");
    await write(path, signer);
    console.log(`${records} records, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
    const reference = { label: "read + SHA-256, one thread", measure: () => seconds(() => sha256Of(path)) };
    const cores = availableParallelism();
    for (const [label, threads, deep] of [
      ["chain and tree, one thread", 1, false],
      [`chain and tree, ${cores} threads`, cores, false],
      [`--deep, ${cores} threads`, cores, true],
    ]) {
      const measure = () => seconds(() => verifyOrThrow(path, { keys: [verifierKey], threads, deep }));
      await compare({ title: label, unit: "s", rounds: 3, reference, subject: { label, measure } });
    }
    const plainCpu = await cpuSeconds(() => sha256Of(path));
    const verifyCpu = await cpuSeconds(() => verifyOrThrow(path, { keys: [verifierKey], threads: 1 }));
    const cpu = `${plainCpu.toFixed(2)} s and ${verifyCpu.toFixed(2)} s, ratio ${(verifyCpu / plainCpu).toFixed(2)}`;
    console.log(`CPU time of read + SHA-256, and of chain and tree, whatever else runs: ${cpu}`);
    return await memory(path, verifierKey, cores);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function write(path, signer) {
  const ledger = await Ledger.create(path, { signer });
  for (let first = 0; first < records; first += 10_000) {
    const count = Math.min(10_000, records - first);
    await Promise.all(Array.from({ length: count }, (_, index) => ledger.append(recordOf(first + index))));
  }
  await ledger.close();
}

function recordOf(index) {
  const common = { about_seq: null, created_at: "2026-01-01T00:00:00.000Z", schema_version: "1.0.0" };
  return { ...common, kind: "note", labels: { run: `r${index}` }, text };
}

async function sha256Of(path) {
  const digest = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 22 })) digest.update(chunk);
  return digest.digest();
}

async function verifyOrThrow(path, options) {
  const { valid, lines, unsignedLines } = await verifyLedger(path, options);
  if (!valid || lines !== records + 1 || unsignedLines > 0) throw new Error("the ledger does not verify");
}

async function seconds(work) {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
}

async function cpuSeconds(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Peak memory of a process that verifies and does nothing else. */
async function memory(path, key, cores) {
  let kept = true;
  for (const threads of [1, cores]) {
    const kilobytes = await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [self, path, key, String(threads)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (chunk) => {
        output += chunk;
      });
      child.once("error", reject);
      child.once("close", () => resolve(Number(output)));
    });
    console.log(`peak memory, ${threads} threads: ${(kilobytes / 1000).toFixed(0)} MB (at most ${allowedMb})`);
    if (!(kilobytes / 1000 <= allowedMb)) kept = false;
  }
  return kept;
}

if (process.argv[1] === self) {
  const [, , path, key, threads] = process.argv;
  await verifyLedger(path, { keys: [key], threads: Number(threads) });
  console.log(process.resourceUsage().maxRSS);
}
