import { spawn } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ledger, loadOrCreateSigningKey, verifyLedger } from "../dist/ledger/index.js";
import { compare } from "./harness.mjs";

/**
 * What an append costs, beside write and fdatasync of the same bytes in the same run. Ends with 1 when a record is lost,
 * doubled or unsigned; the ratios are for people to read, since another program on the machine changes them.
 */
const writerProgram = fileURLToPath(new URL("ledger-writer.mjs", import.meta.url));
const text = "x".repeat(440);

/** Measures appending in a folder of its own; returns whether every promise was kept. */
export async function measureAppends() {
  const folder = mkdtempSync(join(tmpdir(), "carbon-ops-ledger-bench-"));
  try {
    const keyPath = join(folder, "ledger.key");
    const key = await loadOrCreateSigningKey(keyPath);
    const place = { folder, keyPath, signer: key.signer, verifierKey: key.verifierKey };
    await oneWriter(place);
    await concurrentAppends(place, 64);
    await concurrentAppends(place, 1000);
    const kept = [await processes(place, 4, 2000), await processes(place, 8, 1000)];
    return kept.every(Boolean);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let files = 0;
function newPath({ folder }) {
  files += 1;
  return join(folder, `ledger-${files}.ndjson`);
}

/** One writer that awaits each append. The reference writes the same lines, as Node.js does without blocking its event loop. */
async function oneWriter(place) {
  const count = 1500;
  const lines = await linesOfALedger(place, count);
  const subject = { label: "Ledger.append, each awaited", measure: () => appendsPerSecond(place, count) };
  const common = { unit: "/s", rounds: 7, higherIsBetter: true, subject };
  const awaited = { label: "write + fdatasync, each awaited", measure: () => writesPerSecond(place, lines) };
  await compare({ ...common, title: "one writer", reference: awaited });
  await latencies(place, lines);
  const blocking = { label: "writeSync + fdatasyncSync", measure: async () => blockingWritesPerSecond(place, lines) };
  await compare({ ...common, title: "one writer, beside a loop that blocks the event loop", reference: blocking });
  const os = { label: 'Ledger.append, durability "os"', measure: () => appendsPerSecond(place, count, "os") };
  await compare({ ...common, title: "one writer that does not wait for the disk", reference: awaited, subject: os });
}

/**
 * The same in short turns, one append or write at a time: whatever else the machine does makes some of them longer, and none
 * shorter, so that the fastest tenth says what the work itself takes.
 */
async function latencies(place, lines) {
  const [rounds, perRound] = [40, 60];
  const handle = await open(newPath(place), "a");
  const ledger = await Ledger.create(newPath(place), { signer: place.signer });
  const durations = { reference: [], subject: [] };
  const timed = async (kind, work) => {
    const startMs = performance.now();
    await work();
    durations[kind].push(performance.now() - startMs);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const line of lines.slice(0, perRound)) {
      await timed("reference", async () => {
        await handle.write(line);
        await handle.datasync();
      });
    }
    for (let index = 0; index < perRound; index += 1) {
      await timed("subject", () => ledger.append({ kind: "test", index, text }));
    }
  }
  await handle.close();
  await ledger.close();
  const at = (kind, part) =>
    durations[kind].toSorted((left, right) => left - right)[Math.floor(rounds * perRound * part)];
  for (const [part, label] of [
    [0.1, "fastest tenth"],
    [0.5, "median"],
  ]) {
    const [reference, subject] = [at("reference", part) * 1000, at("subject", part) * 1000];
    console.log(
      `  ${label}: write + fdatasync ${reference.toFixed(0)} us, append ${subject.toFixed(0)} us, ratio ${(reference / subject).toFixed(2)}`,
    );
  }
}

async function linesOfALedger(place, count) {
  const path = newPath(place);
  const ledger = await Ledger.create(path, { signer: place.signer });
  await Promise.all(Array.from({ length: count }, (_, index) => ledger.append({ kind: "test", index, text })));
  await ledger.close();
  const content = readFileSync(path, "utf8").split("\n").slice(1, -1);
  return content.map((line) => Buffer.from(`${line}\n`));
}

async function appendsPerSecond(place, count, durability = "disk") {
  const path = newPath(place);
  const ledger = await Ledger.create(path, { signer: place.signer, durability });
  const startMs = performance.now();
  for (let index = 0; index < count; index += 1) await ledger.append({ kind: "test", index, text });
  const seconds = (performance.now() - startMs) / 1000;
  await ledger.close();
  return count / seconds;
}

async function writesPerSecond(place, lines) {
  const handle = await open(newPath(place), "a");
  const startMs = performance.now();
  for (const line of lines) {
    await handle.write(line);
    await handle.datasync();
  }
  const seconds = (performance.now() - startMs) / 1000;
  await handle.close();
  return lines.length / seconds;
}

function blockingWritesPerSecond(place, lines) {
  const descriptor = openSync(newPath(place), "a");
  const startMs = performance.now();
  for (const line of lines) {
    writeSync(descriptor, line);
    fdatasyncSync(descriptor);
  }
  const seconds = (performance.now() - startMs) / 1000;
  closeSync(descriptor);
  return lines.length / seconds;
}

/** So many appends each second, for five seconds, at even distances: how long does each one take? */
async function concurrentAppends(place, perSecond) {
  const ledger = await Ledger.create(newPath(place), { signer: place.signer });
  const before = process.memoryUsage().rss;
  const durations = [];
  const pending = [];
  const startMs = performance.now();
  for (let index = 0; index < perSecond * 5; index += 1) {
    const dueMs = startMs + (index * 1000) / perSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const askedMs = performance.now();
    const appended = ledger.append({ kind: "test", index, text });
    pending.push(appended.then(() => durations.push(performance.now() - askedMs)));
  }
  await Promise.all(pending);
  await ledger.close();
  const sorted = durations.toSorted((left, right) => left - right);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(2);
  const grown = ((process.memoryUsage().rss - before) / 1e6).toFixed(1);
  console.log(`${perSecond} appends each second, 5 s`);
  console.log(`  median ${at(0.5)} ms, 99 % within ${at(0.99)} ms, slowest ${at(1)} ms; memory +${grown} MB`);
}

/** Several processes at once on one file, each awaiting each of its appends. */
async function processes(place, processCount, count) {
  const path = newPath(place);
  await (await Ledger.create(path, { signer: place.signer })).close();
  const startMs = performance.now();
  const ends = await Promise.all(
    Array.from({ length: processCount }, (_, index) => runWriter(place, path, `w${index}`, count)),
  );
  const seconds = (performance.now() - startMs) / 1000;
  const verdict = await verifyLedger(path, { keys: [place.verifierKey] });
  const ids = readFileSync(path, "utf8").match(/"id":"[^"]+"/g) ?? [];
  const wanted = processCount * count;
  const isWhole = verdict.valid && verdict.unsignedLines === 0 && verdict.lines === wanted + 1;
  const isExact = ids.length === wanted && new Set(ids).size === wanted && ends.every(({ status }) => status === 0);
  const inOrder = ends.every(({ name }) => isInOrder(ids, name));
  const perSecond = (wanted / seconds).toFixed(0);
  const megabytes = (Math.max(...ends.map(({ memoryBytes }) => memoryBytes)) / 1e6).toFixed(0);
  console.log(
    `${processCount} processes x ${count} appends, each awaited, ${(statSync(path).size / 1e6).toFixed(1)} MB`,
  );
  console.log(`  ${perSecond} records/s in all, start of the processes included; largest process ${megabytes} MB`);
  console.log(`  ${isWhole && isExact && inOrder ? "valid, signed, none lost, doubled or out of order" : "BROKEN"}`);
  return isWhole && isExact && inOrder;
}

function isInOrder(ids, name) {
  const own = ids.filter((id) => id.startsWith(`"id":"${name}-`)).map((id) => Number(id.split("-")[1]?.slice(0, -1)));
  return own.every((number, index) => number === index);
}

function runWriter({ keyPath }, path, name, count) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writerProgram, path, keyPath, name, String(count)], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: 300_000,
    });
    let report = "";
    child.stderr.on("data", (chunk) => {
      report += chunk;
    });
    child.once("error", reject);
    child.once("close", (status) => {
      const memoryBytes = Number(/rss (\d+)/.exec(report)?.[1] ?? Number.NaN);
      if (status !== 0) console.log(`  ${name} ended with ${status}: ${report}`);
      resolve({ name, status, memoryBytes });
    });
  });
}
