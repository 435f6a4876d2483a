import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { diskError, interceptNext } from "./disk-faults.ts";
import { ledgerPath, linesOf, options, recordsOf, stateOf, whole, writtenLedger } from "./ledger-folder.ts";

test("a record that is appended again with its id gets the line that it has, and no second one", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const first = await ledger.append({ kind: "test" }, { id: "a" });
  await ledger.append({ kind: "test" });
  expect(await ledger.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  expect(first.isRepeated).toBe(false);
  expect(recordsOf(path)[1]).toEqual({ kind: "test", append_id: "a" });
  expect(await stateOf(path)).toEqual(whole(3));
});

test("repetitions at the same moment are one line", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const lines = await Promise.all([1, 2, 3].map(() => ledger.append({ kind: "test" }, { id: "a" })));
  expect(lines.map(({ seq, isRepeated }) => [seq, isRepeated])).toEqual([
    [1, false],
    [1, true],
    [1, true],
  ]);
  expect(linesOf(path)).toHaveLength(2);
});

test("an id that another process used, or an earlier one, is known, also when the ledger was not read to open it", async () => {
  const path = ledgerPath();
  await using left = await Ledger.create(path, options);
  await using right = await Ledger.open(path, options);
  const first = await left.append({ kind: "test" }, { id: "a" });
  const second = await right.append({ kind: "test" }, { id: "b" });
  expect(await right.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  expect(await left.append({ kind: "test" }, { id: "b" })).toEqual({ ...second, isRepeated: true });
  await using later = await Ledger.open(path, options);
  expect(await later.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  expect(linesOf(path)).toHaveLength(3);
});

test("an id is known after a rotation", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  await using other = await Ledger.open(path, options);
  const first = await ledger.append({ kind: "test" }, { id: "a" });
  await other.append({ kind: "test" }, { id: "b" });
  await other.rotate();
  expect(await ledger.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  expect(await ledger.append({ kind: "test" }, { id: "b" })).toMatchObject({ segment: 1, seq: 2, isRepeated: true });
  await using later = await Ledger.open(path, options);
  expect(await later.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
});

function compress(path: string): void {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  rmSync(path);
}

test("an id is known when the segment that holds it was compressed", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  await using other = await Ledger.open(path, options);
  const first = await ledger.append({ kind: "test" }, { id: "a" });
  await other.append({ kind: "test" }, { id: "b" });
  await other.rotate();
  await ledger.append({ kind: "test" });
  compress(`${path}.000001`);
  await using later = await Ledger.open(path, options);
  expect(await later.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  // This one has read the beginning of the segment before it was compressed.
  expect(await ledger.append({ kind: "test" }, { id: "b" })).toMatchObject({ segment: 1, seq: 2, isRepeated: true });
});

test("where the segment before is missing an id that may stand in it is refused, until it is there again", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const first = await ledger.append({ kind: "test" }, { id: "a" });
  await ledger.rotate();
  renameSync(`${path}.000001`, `${path}.away`);
  await using later = await Ledger.open(path, options);
  const [refused, written] = await Promise.allSettled([
    later.append({ kind: "test" }, { id: "a" }),
    later.append({ kind: "test" }),
  ]);
  expect(refused).toMatchObject({
    reason: { code: "LEDGER_NOT_FOUND", message: expect.stringContaining(`${path}.000001, which is missing`) },
  });
  expect(written).toMatchObject({ status: "fulfilled", value: { segment: 2, seq: 1 } });
  renameSync(`${path}.away`, `${path}.000001`);
  expect(await later.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  expect(linesOf(path)).toHaveLength(2);
});

test("who has read the segment before to its end needs it no more", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const first = await ledger.append({ kind: "test" }, { id: "a" });
  await ledger.rotate();
  rmSync(`${path}.000001`);
  expect(await ledger.append({ kind: "test" }, { id: "a" })).toEqual({ ...first, isRepeated: true });
  expect(await ledger.append({ kind: "test" }, { id: "b" })).toMatchObject({ segment: 2, isRepeated: false });
});

test("an id that stands for another record is an error, and the records beside it are written", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  await ledger.append({ kind: "test", n: 1 }, { id: "a" });
  const [bad, good] = await Promise.allSettled([
    ledger.append({ kind: "test", n: 2 }, { id: "a" }),
    ledger.append({ kind: "test", n: 2 }),
  ]);
  expect(bad).toMatchObject({ status: "rejected", reason: { code: "RECORD_INVALID" } });
  expect(good).toMatchObject({ status: "fulfilled", value: { seq: 2 } });
});

test("after a failed sync a retry finds its record if it survived, and writes it if it did not", async () => {
  const path = await writtenLedger(0);
  const ledger = await Ledger.open(path, options);
  await interceptNext("datasync", () => Promise.reject(diskError("EIO")));
  await expect(ledger.append({ kind: "test" }, { id: "a" })).rejects.toMatchObject({ code: "LEDGER_POISONED" });
  await ledger.close();
  await using reopened = await Ledger.open(path, options);
  expect(await reopened.append({ kind: "test" }, { id: "a" })).toMatchObject({ seq: 1, isRepeated: true });
  expect(await reopened.append({ kind: "test" }, { id: "b" })).toMatchObject({ isRepeated: false });
});

test.each([
  ["an empty id", { kind: "test" }, ""],
  ["an id that is too long", { kind: "test" }, "x".repeat(129)],
  ["an id of its own", { kind: "test", append_id: "b" }, "a"],
])("a record with %s is refused", async (_what, record, id) => {
  await using ledger = await Ledger.create(ledgerPath(), options);
  await expect(ledger.append(record, { id })).rejects.toMatchObject({ code: "RECORD_INVALID" });
});
