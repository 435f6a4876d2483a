import { copyFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { formatLine } from "../../src/ledger/line.ts";
import { leafHash } from "../../src/ledger/merkle-tree.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { ledgerPath, linesOf, options, vkey, writtenLedger } from "./ledger-folder.ts";

const streamOf = (bytes: Uint8Array, step = bytes.length) =>
  Readable.from(
    (function* () {
      for (let start = 0; start < bytes.length; start += step) yield bytes.subarray(start, start + step);
    })(),
  );

/** A ledger of some 3 MB: several blocks, with a checkpoint now and then. */
async function ledgerOfBlocks(): Promise<string> {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const text = "x".repeat(5000);
  for (let round = 0; round < 6; round += 1) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => ledger.append({ kind: "test", round, index, text })));
  }
  return path;
}

/** A ledger with one more line than its author has signed. */
async function withUnsignedLine(record: string): Promise<string> {
  const path = await writtenLedger(2);
  const forged = await writtenLedger(0);
  copyFileSync(path, forged);
  const [last = ""] = linesOf(path).reverse();
  writeFileSync(forged, `${formatLine(leafHash(Buffer.from(last)).toString("hex"), record, 3)}\n`, { flag: "a" });
  for (const end of [".checkpoint", ".checkpoints"]) copyFileSync(path + end, forged + end);
  return forged;
}

test("every line and byte is hashed anew, and the verdict says how many", async () => {
  const path = await ledgerOfBlocks();
  expect(await verifyLedger(path, { keys: [vkey] })).toMatchObject({
    valid: true,
    lines: 601,
    signedUpTo: 601,
    bytes: readFileSync(path).length,
    parsedLines: 0,
  });
});

test("with deep every line is parsed too", async () => {
  const findings = await verifyLedger(await writtenLedger(3), { keys: [vkey], deep: true });
  expect([findings.valid, findings.parsedLines, findings.notChecked]).toEqual([true, 4, []]);
});

test("lines that no signature covers are parsed, asked or not", async () => {
  const path = await withUnsignedLine('{"kind":"test","n":1.0}');
  expect((await verifyLedger(path, { keys: [vkey] })).firstBadLine).toMatchObject({
    line: 4,
    reason: expect.stringContaining("canonical"),
  });
});

test("with deep a record that a check has something against is named, whoever signed it", async () => {
  const path = await writtenLedger(3);
  const checkRecord = (record: object) => (JSON.stringify(record).includes('"index":2') ? "it is number two" : null);
  expect(await verifyLedger(path, { keys: [vkey], deep: true, checkRecord })).toMatchObject({
    valid: false,
    firstBadLine: { line: 3, reason: "it is number two" },
  });
  expect((await verifyLedger(path, { keys: [vkey], checkRecord })).valid).toBe(true);
});

test("wherever in a ledger of several blocks a byte is changed, its line is named, in a file and in a stream", async () => {
  const path = await ledgerOfBlocks();
  const checkpoint = readFileSync(`${path}.checkpoint`);
  const bytes = readFileSync(path);
  const wrong: unknown[] = [];
  for (let part = 0; part < 12; part += 1) {
    const position = Math.floor((bytes.length * (part + 0.37)) / 12);
    const line = bytes.subarray(0, position).filter((byte) => byte === 0x0a).length + 1;
    const changed = Buffer.from(bytes);
    changed[position] = (changed[position] ?? 0) ^ 1;
    writeFileSync(path, changed);
    const ofFile = await verifyLedger(path, { keys: [vkey] });
    const ofStream = await verifyLedger(streamOf(changed, 50_000), { keys: [vkey], checkpoint });
    for (const { firstBadLine, valid } of [ofFile, ofStream]) {
      if (valid || firstBadLine?.line !== line) wrong.push({ position, line, firstBadLine });
    }
  }
  expect(wrong).toEqual([]);
});

test("a ledger of several blocks that was cut is found wherever it was cut", async () => {
  const path = await ledgerOfBlocks();
  const bytes = readFileSync(path);
  for (const share of [0.9, 0.5, 0.34, 0.01]) {
    const length = Math.floor(bytes.length * share);
    truncateSync(path, length);
    const whole = bytes.subarray(0, length).filter((byte) => byte === 0x0a).length;
    expect((await verifyLedger(path, { keys: [vkey] })).firstBadLine?.line).toBe(whole + 1);
  }
});

test("a compressed ledger is verified as what it holds, as a file and as a stream", async () => {
  const path = await ledgerOfBlocks();
  const compressed = gzipSync(readFileSync(path));
  const checkpoint = readFileSync(`${path}.checkpoint`);
  writeFileSync(`${path}.gz`, compressed);
  rmSync(path);
  const whole = { valid: true, lines: 601, signedUpTo: 601, trust: "key" };
  expect(await verifyLedger(`${path}.gz`, { keys: [vkey] })).toMatchObject(whole);
  expect(await verifyLedger(streamOf(compressed, 1000), { keys: [vkey], checkpoint })).toMatchObject(whole);
});

test("a compressed ledger that is cut off or damaged cannot be read", async () => {
  const compressed = gzipSync(readFileSync(await writtenLedger(50)));
  const changed = Buffer.from(compressed);
  changed[400] = (changed[400] ?? 0) ^ 1;
  for (const bytes of [compressed.subarray(0, 500), changed]) {
    await expect(verifyLedger(streamOf(bytes), { keys: [vkey] })).rejects.toMatchObject({ code: "LEDGER_UNREADABLE" });
  }
});

test("an empty stream holds no ledger", async () => {
  const { valid, firstBadLine } = await verifyLedger(streamOf(new Uint8Array()), { keys: [vkey] });
  expect([valid, firstBadLine?.reason]).toEqual([false, "the file is empty"]);
});

test("it is said how far the check has come", async () => {
  const path = await ledgerOfBlocks();
  const told: number[] = [];
  await verifyLedger(path, { keys: [vkey], onProgress: ({ lines }) => told.push(lines) });
  expect([told.length > 2, told.at(-1)]).toEqual([true, 601]);
});
