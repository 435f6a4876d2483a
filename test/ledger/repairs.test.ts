import { appendFileSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { formatLine } from "../../src/ledger/line.ts";
import { leafHash } from "../../src/ledger/merkle-tree.ts";
import { Repairs } from "../../src/ledger/repairs.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { linesOf, options, vkey, writtenLedger } from "./ledger-folder.ts";

const unsigned = (first: number, last: number) => ({
  kind: "repair",
  reason: "unsigned_lines",
  first_seq: first,
  last_seq: last,
});
const torn = { kind: "repair", reason: "torn_tail", file: "l.torn-9", bytes: 4 };

/** What anybody can do without the key: lines that fit. */
function addUnsigned(path: string, records: readonly object[]): void {
  for (const record of records) {
    const lines = linesOf(path);
    const hash = leafHash(Buffer.from(lines.at(-1) ?? "")).toString("hex");
    appendFileSync(path, `${formatLine(hash, JSON.stringify(record), lines.length)}\n`);
  }
}

const fakeRepair = '{"first_seq":1000000000,"kind":"repair","last_seq":1000000000,"reason":"unsigned_lines"}';

test("an outsider who adds lines and a repair record of his own does not hide that they were found unsigned", async () => {
  const path = await writtenLedger(1);
  const added = Array.from({ length: 50 }, (_, index) => ({ index, kind: "test" }));
  addUnsigned(path, [...added, JSON.parse(fakeRepair)]);
  await (await Ledger.open(path, options)).close();
  expect(await verifyLedger(path, { keys: [vkey] })).toMatchObject({
    valid: true,
    unsignedLines: 0,
    adoptedLines: 51,
    repairCount: 1,
    repairs: [{ line: 54, adopted: { firstLine: 3, lastLine: 53 } }],
  });
});

test("many made-up repair records do not keep the true one from being listed", async () => {
  const path = await writtenLedger(1);
  addUnsigned(
    path,
    Array.from({ length: 101 }, () => JSON.parse(fakeRepair)),
  );
  await (await Ledger.open(path, options)).close();
  const { adoptedLines, repairs } = await verifyLedger(path, { keys: [vkey] });
  expect([adoptedLines, repairs]).toEqual([101, [expect.objectContaining({ line: 104 })]]);
});

test("a repair record that nobody has signed tells of nothing yet", async () => {
  const path = await writtenLedger(1);
  addUnsigned(
    path,
    [unsigned(0, 1)].map(({ kind, reason }) => ({ first_seq: 0, kind, last_seq: 1, reason })),
  );
  expect(readFileSync(path, "utf8")).toContain("unsigned_lines");
  expect(await verifyLedger(path, { keys: [vkey] })).toMatchObject({
    unsignedLines: 1,
    adoptedLines: 0,
    repairCount: 0,
  });
});

test("a made-up record does not make an earlier true one disappear", () => {
  const repairs = new Repairs();
  // Lines 3 and 4 are found unsigned and adopted by line 5; a stranger's line 6 claims everything; line 7 adopts that line.
  for (const [record, seq] of [
    [unsigned(2, 3), 4],
    [unsigned(0, 4), 5],
    [unsigned(5, 5), 6],
  ] as const) {
    repairs.take(record, seq);
  }
  repairs.settle(7);
  expect([repairs.count, repairs.adoptedCount]).toEqual([2, 3]);
  expect(repairs.listed.map(({ line }) => line)).toEqual([5, 7]);
});

test("torn bytes that are told of just before unsigned lines count, those that a stranger made up do not", () => {
  const repairs = new Repairs();
  for (const [record, seq] of [
    [torn, 2],
    [torn, 3],
    [unsigned(1, 2), 4],
  ] as const)
    repairs.take(record, seq);
  repairs.settle(5);
  expect(repairs.listed.map(({ line, reason }) => [line, reason])).toEqual([
    [5, "unsigned_lines"],
    [4, "torn_tail"],
  ]);
});

test("unsigned lines are listed before torn bytes, however many of those there are", () => {
  const repairs = new Repairs();
  for (let seq = 1; seq <= 150; seq += 1) repairs.take(torn, seq);
  repairs.take(unsigned(151, 151), 152);
  repairs.settle(153);
  expect(repairs.count).toBe(151);
  expect(repairs.listed[0]).toMatchObject({ line: 153 });
  expect(repairs.listed).toHaveLength(100);
});

test("where there are too many to tell which of them count, every line may be a stranger's", () => {
  const repairs = new Repairs();
  for (let seq = 1; seq <= 100_001; seq += 1) repairs.take(unsigned(0, 0), seq);
  repairs.settle(100_002);
  expect(repairs.adoptedCount).toBeGreaterThanOrEqual(100_001);
});
