import { spawn } from "node:child_process";
import { createHash, hash } from "node:crypto";
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, statSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { examineLines } from "../dist/ledger/block-lines.js";
import { Ledger, loadOrCreateSigningKey, verifyLedger } from "../dist/ledger/index.js";

/**
 * What it takes to verify a ledger of 10^6 records of some 580 bytes, beside plain SHA-256 over the same bytes, read from the
 * same file in the same run. Plain means two things, and both are measured: one hash over everything, and one hash over each
 * line, which is the least that any chain can cost in Node.js. CARBON_OPS_BENCH_RECORDS says how many records,
 * CARBON_OPS_BENCH_TEXT_BYTES how long the text of each is (342), CARBON_OPS_BENCH_ROUNDS how many rounds (5). Ends with 1 when
 * the ledger does not verify, or memory grows with the file.
 */
const records = Number(process.env.CARBON_OPS_BENCH_RECORDS ?? 1_000_000);
const text = "lorem ipsum dolor ".repeat(4000).slice(0, Number(process.env.CARBON_OPS_BENCH_TEXT_BYTES ?? 342));
const rounds = Number(process.env.CARBON_OPS_BENCH_ROUNDS ?? 5);
const self = fileURLToPath(import.meta.url);
/** Node.js itself takes some 50 MB; a thread some 30 MB. */
const allowedMb = 150 + 40 * availableParallelism();
const blockBytes = 1 << 20;
const maximumLineBytes = 65_536;

export async function measureVerification() {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-verify-bench-"));
  try {
    const { signer, verifierKey } = await loadOrCreateSigningKey(join(folder, "ledger.key"));
    const path = join(folder, "ledger.ndjson");
    await write(path, signer);
    const cores = availableParallelism();
    console.log(`${records} records, ${(statSync(path).size / 1e6).toFixed(0)} MB, ${rounds} rounds in turn, medians`);
    const keys = [verifierKey];
    await inTurn([
      ["SHA-256, one hash over everything", () => sha256Of(path)],
      ["SHA-256, one hash over each line", () => sha256OfLines(path)],
      ["chain, one thread", () => chain(path)],
      ["verify: chain and tree, one thread", () => verifyOrThrow(path, { keys, threads: 1 })],
      [`verify: chain and tree, ${cores} threads`, () => verifyOrThrow(path, { keys, threads: cores })],
      [`verify --deep, ${cores} threads`, () => verifyOrThrow(path, { keys, threads: cores, deep: true })],
    ]);
    return await memory(path, verifierKey, cores);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** CPU time says what the work costs whatever else runs; elapsed time what threads gain. Both beside the first one's. */
async function inTurn(subjects) {
  const times = subjects.map(() => ({ cpu: [], elapsed: [] }));
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, [, work]] of subjects.entries()) {
      const { cpu, elapsed } = await timesOf(work);
      // The first round warms caches and is thrown away.
      if (round >= 0) times[index].cpu.push(cpu);
      if (round >= 0) times[index].elapsed.push(elapsed);
    }
  }
  const [everything, line] = times;
  console.log(`${"read from the file, and".padEnd(40)} CPU s (spread)        x whole  x lines    elapsed s  x whole`);
  for (const [index, [label]] of subjects.entries()) {
    const { cpu, elapsed } = times[index];
    const spread = `(${Math.min(...cpu).toFixed(2)} to ${Math.max(...cpu).toFixed(2)})`;
    const ratios = [median(cpu) / median(everything.cpu), median(cpu) / median(line.cpu)];
    const shown = ratios.map((ratio) => ratio.toFixed(2).padStart(8)).join(" ");
    const wall = `${median(elapsed).toFixed(2).padStart(12)} ${(median(elapsed) / median(everything.elapsed)).toFixed(2).padStart(8)}`;
    console.log(`  ${label.padEnd(38)} ${median(cpu).toFixed(2).padStart(5)} ${spread.padEnd(17)} ${shown} ${wall}`);
  }
}

async function timesOf(work) {
  const startMs = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6, elapsed: (performance.now() - startMs) / 1000 };
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

function sha256Of(path) {
  const digest = createHash("sha256");
  eachBlock(path, (buffer, first, filled) => {
    digest.update(buffer.subarray(first, filled));
    return filled;
  });
  return digest.digest();
}

function sha256OfLines(path) {
  eachBlock(path, (buffer, first, filled) => {
    let start = first;
    for (let end = buffer.indexOf(0x0a, start); end !== -1 && end < filled; end = buffer.indexOf(0x0a, start)) {
      hash("sha256", new Uint8Array(buffer.buffer, buffer.byteOffset + start, end - start), "binary");
      start = end + 1;
    }
    return start;
  });
}

/** What verification does to the lines: form, number, link, one hash each; without tree and checkpoints. */
function chain(path) {
  let count = 0;
  eachBlock(path, (buffer, first, filled) => {
    const block = examineLines(buffer.subarray(0, filled), first, filled, 0, null);
    if (!block.holds || block.firstSeq !== count) throw new Error("the chain does not hold");
    count += block.count;
    return first + block.ends.at(-1);
  });
  if (count !== records + 1) throw new Error("lines are missing");
}

/** Hands out the file piece by piece; `use` says how far it came, and has the rest again with the next piece. */
function eachBlock(path, use) {
  const descriptor = openSync(path, "r");
  const { size } = fstatSync(descriptor);
  const buffer = Buffer.allocUnsafeSlow(1 + blockBytes + maximumLineBytes);
  let kept = 0;
  for (let position = 0; position < size; ) {
    const count = readSync(descriptor, buffer, 1 + kept, blockBytes, position);
    position += count;
    const filled = 1 + kept + count;
    const used = use(buffer, 1, filled);
    buffer.copyWithin(1, used, filled);
    kept = filled - used;
  }
  closeSync(descriptor);
}

async function verifyOrThrow(path, options) {
  const { valid, lines, unsignedLines } = await verifyLedger(path, options);
  if (!valid || lines !== records + 1 || unsignedLines > 0) throw new Error("the ledger does not verify");
}

function median(values) {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
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
