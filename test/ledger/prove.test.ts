import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { assert, integer, nat, property } from "fast-check";
import { expect, test } from "vitest";
import { checkConsistencyProof, checkRecordProof } from "../../src/ledger/check-proof.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { currentCheckpoint, proveConsistency, proveRecord } from "../../src/ledger/prove.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { ledgerPath, linesOf, options, vkey, writtenLedger } from "./ledger-folder.ts";

/** A ledger of so many lines that was written in one go. */
async function ledgerOf(lines: number): Promise<string> {
  const path = ledgerPath();
  await grow(path, lines - 1);
  return path;
}

async function grow(path: string, records: number): Promise<void> {
  const ledger = await Ledger.openOrCreate(path, options);
  await Promise.all(Array.from({ length: records }, (_, index) => ledger.append({ kind: "test", index })));
  await ledger.close();
}

const kept = (path: string): Buffer => readFileSync(`${path}.checkpoint`);

test("the proof of a record leads from its line to the signed root, with the key alone", async () => {
  const path = await writtenLedger(4);
  const { proof } = await proveRecord(path, 3);
  rmSync(path);
  const checked = checkRecordProof(Buffer.from(proof), [vkey]);
  expect(checked).toMatchObject({ ok: true, seq: 3, line: expect.stringContaining('"index":3') });
});

test("every record of ledgers around the size of a tile can be proven", async () => {
  const outcomes: boolean[] = [];
  for (const size of [1, 2, 255, 256, 257, 511, 513, 770]) {
    const path = await ledgerOf(size);
    const lines = linesOf(path);
    for (const seq of new Set([0, 1, 254, 255, 256, 300, size - 2, size - 1].filter((n) => n >= 0 && n < size))) {
      const checked = checkRecordProof(Buffer.from((await proveRecord(path, seq)).proof), [vkey]);
      outcomes.push(checked.ok && checked.seq === seq && checked.line === lines[seq]);
    }
  }
  expect(outcomes).not.toContain(false);
});

test("a record that no checkpoint covers cannot be proven", async () => {
  const path = await writtenLedger(2);
  await expect(proveRecord(path, 3)).rejects.toMatchObject({ code: "INPUT_INVALID" });
  await expect(proveRecord(path, -1)).rejects.toMatchObject({ code: "INPUT_INVALID" });
});

test("a proof can lead to an older checkpoint that somebody has kept", async () => {
  const path = await ledgerOf(300);
  const older = kept(path);
  await grow(path, 300);
  const { proof, size } = await proveRecord(path, 17, { checkpoint: older });
  expect(size).toBe(300);
  expect(checkRecordProof(Buffer.from(proof), [vkey])).toMatchObject({ ok: true, seq: 17, checkpoint: { size: 300 } });
});

test("a ledger whose line was touched proves nothing, and says so", async () => {
  const path = await ledgerOf(600);
  await proveRecord(path, 5);
  writeFileSync(path, readFileSync(path, "utf8").replace('"index":7,', '"index":8,'));
  await expect(proveRecord(path, 5)).rejects.toMatchObject({ code: "LEDGER_INVALID" });
});

test("the tiles beside a ledger are a cache: without them, or with wrong ones, a proof is the same", async () => {
  const path = await ledgerOf(1100);
  const { proof } = await proveRecord(path, 700);
  const tiles = readFileSync(`${path}.tiles`);
  const damaged = Buffer.from(tiles);
  damaged[30] = (damaged[30] ?? 0) ^ 1;
  const otherEnds = Buffer.from(tiles);
  otherEnds[tiles.length - 1] = (tiles.at(-1) ?? 0) ^ 1;
  for (const bytes of [damaged, otherEnds, Buffer.from("nonsense"), tiles.subarray(0, 70), Buffer.alloc(0)]) {
    writeFileSync(`${path}.tiles`, bytes);
    expect((await proveRecord(path, 700)).proof).toBe(proof);
  }
  rmSync(`${path}.tiles`);
  expect((await proveRecord(path, 700)).proof).toBe(proof);
  expect(readFileSync(`${path}.tiles`)).toEqual(tiles);
});

test("tiles of another ledger are not believed", async () => {
  const [path, other] = [await ledgerOf(600), await ledgerOf(600)];
  await proveRecord(other, 3);
  writeFileSync(`${path}.tiles`, readFileSync(`${other}.tiles`));
  const checked = checkRecordProof(Buffer.from((await proveRecord(path, 3)).proof), [vkey]);
  expect(checked).toMatchObject({ ok: true, line: linesOf(path)[3] });
});

test("a proof of growth shows that nothing under an older checkpoint has changed", async () => {
  const outcomes: boolean[] = [];
  for (const [before, added] of [
    [1, 1],
    [3, 4],
    [256, 1],
    [255, 2],
    [300, 500],
    [512, 0],
  ] as const) {
    const path = await ledgerOf(before);
    const older = kept(path);
    await grow(path, added);
    const { proof } = await proveConsistency(path, older);
    const checked = checkConsistencyProof(Buffer.from(proof), older, [vkey]);
    outcomes.push(checked.ok && checked.older.size === before && checked.newer.size === before + added);
  }
  expect(outcomes).not.toContain(false);
});

test("a ledger that went back, or another one, has no proof of growth", async () => {
  const path = await ledgerOf(10);
  const [bytes, checkpoint, history] = ["", ".checkpoint", ".checkpoints"].map((end) => readFileSync(path + end));
  await grow(path, 10);
  const newer = kept(path);
  for (const [end, old] of [
    ["", bytes],
    [".checkpoint", checkpoint],
    [".checkpoints", history],
  ] as const) {
    writeFileSync(path + end, old ?? "");
  }
  await expect(proveConsistency(path, newer)).rejects.toMatchObject({ code: "LEDGER_INVALID" });
  await expect(proveConsistency(await ledgerOf(30), newer)).rejects.toMatchObject({ code: "LEDGER_INVALID" });
});

test("any change of a byte of a proof is noticed, but for the spelling of nothing", async () => {
  const path = await ledgerOf(40);
  const proof = Buffer.from((await proveRecord(path, 21)).proof);
  const { line } = await proveRecord(path, 21);
  const isRefused = (position: number, value: number): boolean => {
    const changed = Buffer.from(proof);
    changed[position] = value;
    const checked = checkRecordProof(changed, [vkey]);
    return value === proof[position] || !checked.ok || (checked.line === line && checked.seq === 21);
  };
  assert(property(nat(proof.length - 1), integer({ min: 0, max: 255 }), isRefused), { numRuns: 500 });
  expect(checkRecordProof(proof, [vkey]).ok).toBe(true);
});

test("a proof holds only for those who trust the key that signed", async () => {
  const path = await writtenLedger(2);
  const { proof } = await proveRecord(path, 1);
  const stranger = vkeyOf(signerFromSeed(9, "example.com/stranger"));
  expect(checkRecordProof(Buffer.from(proof), [stranger])).toMatchObject({ ok: false });
});

test("the record can be given beside a proof that does not hold it", async () => {
  const path = await writtenLedger(2);
  const { proof, line } = await proveRecord(path, 1);
  const bare = Buffer.from(proof.replace(/^extra .*\n/m, ""));
  expect(checkRecordProof(bare, [vkey])).toMatchObject({ ok: false });
  expect(checkRecordProof(bare, [vkey], Buffer.from(line))).toMatchObject({ ok: true, seq: 1 });
  expect(checkRecordProof(bare, [vkey], Buffer.from(`${line} `))).toMatchObject({ ok: false });
});

test("the newest checkpoint is handed out only if its signature holds", async () => {
  const path = await writtenLedger(2);
  expect(await currentCheckpoint(path)).toMatchObject({ size: 3, note: kept(path) });
  writeFileSync(`${path}.checkpoint`, kept(path).toString().replace("\n3\n", "\n4\n"));
  await expect(currentCheckpoint(path)).rejects.toMatchObject({ code: "LEDGER_INVALID" });
  rmSync(`${path}.checkpoint`);
  await expect(currentCheckpoint(path)).rejects.toMatchObject({ code: "LEDGER_UNSIGNED" });
});
