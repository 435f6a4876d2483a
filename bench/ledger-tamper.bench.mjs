import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ledger, loadOrCreateSigningKey, verifyLedger } from "../dist/ledger/index.js";
import { seededNumbers } from "./seeded-numbers.mjs";

/**
 * Tampers with ledgers whose checkpoint was kept, and looks whether it is found and the right line named. Ends with 1 when one
 * is not. CARBON_OPS_BENCH_RANDOM says how many random ones (10,000), CARBON_OPS_BENCH_SEED which; CARBON_OPS_BENCH_ALL_VALUES=1
 * tries all 255 other values of every byte instead of 15 (the 8 single bits, and line feed, zero, 0xff, quotation mark, brace,
 * "0" and space), CARBON_OPS_BENCH_ALL_VALUES=0 leaves the small ledger out.
 */
const randomCount = Number(process.env.CARBON_OPS_BENCH_RANDOM ?? 10_000);
const allValues = process.env.CARBON_OPS_BENCH_ALL_VALUES === "1";
const isExhaustive = process.env.CARBON_OPS_BENCH_ALL_VALUES !== "0";
const telling = [0x0a, 0x00, 0xff, 0x22, 0x7d, 0x30, 0x20];
const folder = mkdtempSync(join(tmpdir(), "carbon-ops-tamper-"));
let missed = 0;

const random = seededNumbers(Number(process.env.CARBON_OPS_BENCH_SEED ?? 20_261_124));

async function main() {
  if (isExhaustive) {
    const small = await makeLedger("small.ndjson", 50);
    for (const [name, cases] of exhaustive(small)) await campaign(name, small, cases);
    await rollBacks(small);
  }
  const large = await makeLedger("large.ndjson", 100_000);
  await campaign(`random, ${large.lines.length - 1} records`, large, randomCases(large, randomCount));
}

async function makeLedger(name, records) {
  const path = join(folder, name);
  const { signer, verifierKey } = await loadOrCreateSigningKey(join(folder, "ledger.key"));
  const ledger = await Ledger.create(path, { signer });
  for (let index = 0; index < records; index += 5000) {
    const count = Math.min(5000, records - index);
    await Promise.all(Array.from({ length: count }, (_, place) => ledger.append({ kind: "t", n: index + place })));
  }
  await ledger.close();
  const bytes = readFileSync(path);
  const kept = readFileSync(`${path}.checkpoint`);
  const lines = bytes.toString("latin1").split("\n").slice(0, -1);
  return { path, bytes, kept, lines, options: { keys: [verifierKey], checkpoint: kept } };
}

/** Bytes of a tampered ledger, and the first line that is not as it was. */
function* exhaustive({ bytes, lines }) {
  yield ["single bytes", singleBytes(bytes)];
  yield ["deletions", lines.map((_, index) => ofLines(lines, lines.toSpliced(index, 1)))];
  yield ["swaps", pairs(lines).map(([left, right]) => ofLines(lines, swapped(lines, left, right)))];
  const everywhere = lines.flatMap((line) => [...lines.keys(), lines.length].map((place) => [line, place]));
  yield ["duplications", everywhere.map(([line, place]) => ofLines(lines, lines.toSpliced(place, 0, line)))];
  const foreign = '{"prev_hash":"","record":{"kind":"t"},"seq":1}';
  const strangers = [...lines.keys(), lines.length].map((place) => ofLines(lines, lines.toSpliced(place, 0, foreign)));
  yield ["insertions", strangers];
  yield ["truncations", truncations(bytes)];
}

function* singleBytes(bytes) {
  let line = 1;
  for (const [position, original] of bytes.entries()) {
    const values = allValues ? Array.from({ length: 256 }, (_, value) => value) : [...bits(original), ...telling];
    for (const value of new Set(values)) {
      if (value === original) continue;
      const changed = Buffer.from(bytes);
      changed[position] = value;
      yield { changed, line };
    }
    if (original === 0x0a) line += 1;
  }
}

function bits(value) {
  return Array.from({ length: 8 }, (_, bit) => value ^ (1 << bit));
}

function* truncations(bytes) {
  let whole = 0;
  for (let length = 0; length < bytes.length; length += 1) {
    yield { changed: bytes.subarray(0, length), line: whole + 1 };
    if (bytes[length] === 0x0a) whole += 1;
  }
}

function ofLines(lines, changed) {
  const index = changed.findIndex((line, place) => line !== lines[place]);
  const first = index === -1 ? changed.length : index;
  return { changed: Buffer.from(changed.map((line) => `${line}\n`).join(""), "latin1"), line: first + 1 };
}

function pairs(lines) {
  return [...lines.keys()].flatMap((left) => [...lines.keys()].slice(left + 1).map((right) => [left, right]));
}

function swapped(lines, left, right) {
  return lines.with(left, lines[right]).with(right, lines[left]);
}

/** The parts of a changed ledger, which share the memory of the original. */
function* randomCases({ bytes, lines }, count) {
  const starts = startsOf(bytes);
  const lineAt = lineFinder(starts);
  const part = (from, to) => bytes.subarray(starts[from], starts[to]);
  const all = lines.length;
  for (let index = 0; index < count; index += 1) {
    const kind = random(5);
    const [left, right] = [random(all), random(all)].sort((first, second) => first - second);
    if (kind === 0) yield { parts: [part(0, left), part(left + 1, all)], line: left + 1 };
    else if (kind === 1 && left < right) {
      const parts = [part(0, left), part(right, right + 1), part(left + 1, right), part(left, left + 1)];
      yield { parts: [...parts, part(right + 1, all)], line: left + 1 };
    } else if (kind === 1 || kind === 2) {
      const parts = [part(0, left), part(right, right + 1), part(left, all)];
      yield { parts, line: left === right ? left + 2 : left + 1 };
    } else if (kind === 3) {
      const length = random(bytes.length);
      yield { parts: [bytes.subarray(0, length)], line: lineAt(length) };
    } else {
      const position = random(bytes.length);
      const value = Buffer.of((bytes[position] + 1 + random(255)) % 256);
      yield { parts: [bytes.subarray(0, position), value, bytes.subarray(position + 1)], line: lineAt(position) };
    }
  }
}

function startsOf(bytes) {
  const starts = [0];
  for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, end + 1)) starts.push(end + 1);
  return starts;
}

/** The line, from 1, that holds a byte. */
function lineFinder(starts) {
  return (position) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle] <= position) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

async function campaign(name, { options }, cases) {
  let count = 0;
  let wrong = 0;
  const startMs = performance.now();
  for (const { changed, parts = [changed], line } of cases) {
    count += 1;
    const { valid, firstBadLine } = await verifyLedger(streamOf(parts), options);
    if (valid || firstBadLine?.line !== line) {
      wrong += 1;
      if (wrong <= 3) console.log(`  MISSED: line ${line}, found ${JSON.stringify({ valid, firstBadLine })}`);
    }
  }
  missed += wrong;
  report(name, count, wrong, startMs);
}

/** The ledger and everything beside it as they were after so many lines; only what the verifier kept is newer. */
async function rollBacks({ lines, options }) {
  const startMs = performance.now();
  let wrong = 0;
  const path = join(folder, "rolled-back.ndjson");
  for (let length = 1; length < lines.length; length += 1) {
    writeFileSync(
      path,
      Buffer.from(
        lines
          .slice(0, length)
          .map((line) => `${line}\n`)
          .join(""),
        "latin1",
      ),
    );
    const { checkpoint, ...keys } = options;
    for (const kept of [{ checkpoint }, { remembered: checkpoint }]) {
      const { valid, firstBadLine } = await verifyLedger(path, { ...keys, ...kept });
      if (valid || firstBadLine?.line !== length + 1) wrong += 1;
    }
  }
  missed += wrong;
  report("roll-backs", 2 * (lines.length - 1), wrong, startMs);
}

function report(name, count, wrong, startMs) {
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const found = `${count - wrong} of ${count}`;
  console.log(`  ${name.padEnd(28)} found, with the line named: ${found.padStart(18)}   (${seconds} s)`);
}

async function* streamOf(parts) {
  yield* parts;
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (missed > 0) process.exitCode = 1;
