import { appendFileSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { verifySegments } from "../../src/ledger/verify-segments.ts";
import { diskError, interceptDisk, interceptNext } from "./disk-faults.ts";
import { ledgerPath, linesOf, options, recordsOf, stateOf, vkey, whole, writtenLedger } from "./ledger-folder.ts";

/** A ledger of three segments, of which each has so many records. */
async function rotatedLedger(count: number): Promise<string> {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  for (let segment = 1; segment <= 3; segment += 1) {
    if (segment > 1) await ledger.rotate();
    for (let index = 0; index < count; index += 1) await ledger.append({ kind: "test", segment, index });
  }
  return path;
}

test("a rotated ledger goes on under its name, and each complete segment is a ledger of its own beside it", async () => {
  const path = await rotatedLedger(2);
  expect(await stateOf(path)).toEqual(whole(3));
  expect(await stateOf(`${path}.000001`)).toEqual(whole(3));
  expect(await stateOf(`${path}.000002`)).toEqual(whole(3));
  expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".next"))).toEqual([]);
});

test("the first record of a segment says where the one before it ended", async () => {
  const path = await rotatedLedger(1);
  const [first] = recordsOf(`${path}.000001`);
  const [second] = recordsOf(`${path}.000002`);
  expect(second).toMatchObject({
    kind: "genesis",
    schema_version: "1.1.0",
    segment: 2,
    previous: { origin: `carbon-ops/ledger/${String(first?.["ledger_id"])}`, size: 2 },
  });
});

test("all segments are verified, and that each goes on from the one before", async () => {
  const path = await rotatedLedger(2);
  const segments = await verifySegments(path, { keys: [vkey] });
  expect(segments).toMatchObject(
    [1, 2, 3].map((segment) => ({ segment, valid: true, linkProblem: null, unsignedLines: 0 })),
  );
});

test("a complete segment that was replaced by a valid one of other content is found", async () => {
  const path = await rotatedLedger(2);
  const other = await writtenLedger(2);
  for (const ending of ["", ".checkpoint", ".checkpoints"]) renameSync(other + ending, `${path}.000001${ending}`);
  const segments = await verifySegments(path, { keys: [vkey] });
  expect(segments.at(-1)).toMatchObject({ segment: 2, linkProblem: expect.stringContaining("another log") });
});

test("lines that the key's holder adds to a complete segment are found", async () => {
  const path = await rotatedLedger(2);
  // Elsewhere, since a complete segment is not opened for appending in its place.
  const elsewhere = ledgerPath();
  for (const ending of ["", ".checkpoint", ".checkpoints"]) renameSync(`${path}.000001${ending}`, elsewhere + ending);
  const ledger = await Ledger.open(elsewhere, options);
  await ledger.append({ kind: "test" });
  await ledger.close();
  for (const ending of ["", ".checkpoint", ".checkpoints"]) renameSync(elsewhere + ending, `${path}.000001${ending}`);
  const segments = await verifySegments(path, { keys: [vkey] });
  expect(segments.at(-1)).toMatchObject({ segment: 2, linkProblem: expect.stringContaining("3 lines") });
});

test("nothing is appended to a complete segment", async () => {
  const path = await rotatedLedger(1);
  const before = readFileSync(`${path}.000001`);
  await expect(Ledger.open(`${path}.000001`, options)).rejects.toMatchObject({
    code: "LEDGER_UNWRITABLE",
    message: expect.stringContaining(`append to ${path}.`),
  });
  expect(readFileSync(`${path}.000001`)).toEqual(before);
});

test("a ledger that is opened while another writer rotates it is opened in its new segment", async () => {
  const path = await writtenLedger(1);
  await using left = await Ledger.open(path, options);
  for (let round = 2; round < 6; round += 1) {
    await left.append({ kind: "test" });
    const [right] = await Promise.all([Ledger.open(path, options), left.rotate()]);
    expect(await right.append({ kind: "test" })).toMatchObject({ segment: round });
    await right.close();
  }
});

test("a segment that is missing is named", async () => {
  const path = await rotatedLedger(1);
  rmSync(`${path}.000002`);
  await expect(verifySegments(path, { keys: [vkey] })).rejects.toMatchObject({
    code: "LEDGER_NOT_FOUND",
    message: expect.stringContaining(".000002"),
  });
});

test("a writer that has the ledger open while another one rotates it goes on in the new segment", async () => {
  const path = await writtenLedger(1);
  await using left = await Ledger.open(path, options);
  await using right = await Ledger.open(path, options);
  await left.append({ kind: "test" });
  await right.rotate();
  expect(await left.append({ kind: "test" })).toMatchObject({ segment: 2, seq: 1 });
  await right.rotate();
  await right.rotate();
  expect(await left.append({ kind: "test" })).toMatchObject({ segment: 3, seq: 1 });
  expect(await verifySegments(path, { keys: [vkey] })).toHaveLength(3);
});

test("a segment that has grown to its size is sealed by itself, also with several writers", async () => {
  const path = await writtenLedger(0);
  const rotating = { ...options, rotateAtBytes: 65_536 };
  await using left = await Ledger.open(path, rotating);
  await using right = await Ledger.open(path, rotating);
  const text = "x".repeat(2000);
  const appended = await Promise.all(
    [left, right].map(async (ledger) => {
      const lines = [];
      for (let index = 0; index < 60; index += 1) lines.push(await ledger.append({ kind: "test", text }));
      return lines;
    }),
  );
  const segments = await verifySegments(path, { keys: [vkey] });
  expect(segments.length).toBeGreaterThan(2);
  expect(segments.every(({ valid, linkProblem }) => valid && linkProblem === null)).toBe(true);
  expect(segments.reduce((sum, { lines }) => sum + lines - 1, 0)).toBe(120);
  expect(new Set(appended.flat().map(({ segment, seq }) => `${segment}/${seq}`)).size).toBe(120);
});

test("a size below the smallest is refused", async () => {
  const path = await writtenLedger(0);
  await expect(Ledger.open(path, { ...options, rotateAtBytes: 1000 })).rejects.toMatchObject({ code: "INPUT_INVALID" });
});

test("a ledger without records is not rotated", async () => {
  const path = await writtenLedger(0);
  await using ledger = await Ledger.open(path, options);
  await ledger.rotate();
  expect(await ledger.append({ kind: "test" })).toMatchObject({ segment: 1, seq: 1 });
});

test("wherever a rotation is cut off, the next writer completes or undoes it, and no line is lost", async () => {
  let nth = 0;
  let wasReached = true;
  while (wasReached) {
    nth += 1;
    const path = await writtenLedger(2);
    const ledger = await Ledger.open(path, options);
    let count = 0;
    // As when the process is killed: nothing that comes later is carried out either.
    const restore = await interceptDisk(
      ["write", "datasync", "sync", "truncate", "rename", "link", "unlink"],
      (call) => {
        count += 1;
        if (count >= nth) throw diskError("EIO");
        return call.run();
      },
    );
    await ledger.rotate().catch(() => undefined);
    await ledger.close().catch(() => undefined);
    restore();
    wasReached = count >= nth;
    await using reopened = await Ledger.open(path, options);
    await reopened.append({ kind: "last" });
    const segments = await verifySegments(path, { keys: [vkey] });
    expect(
      segments.every(({ valid, linkProblem, unsignedLines }) => valid && linkProblem === null && unsignedLines === 0),
    ).toBe(true);
    const kinds = segments.flatMap((segment) => recordsOf(segment.path).map(({ kind }) => kind));
    expect(kinds.filter((kind) => kind === "test")).toHaveLength(2);
    expect(kinds.at(-1)).toBe("last");
  }
  expect(nth).toBeGreaterThan(10);
});

test("a file that is not this ledger's segment is not overwritten by a rotation", async () => {
  const path = await writtenLedger(1);
  appendFileSync(`${path}.000001.checkpoints`, "somebody's");
  await using ledger = await Ledger.open(path, options);
  await expect(ledger.rotate()).rejects.toMatchObject({
    code: "LEDGER_EXISTS",
    message: expect.stringContaining(`${path}.000001.checkpoints stands`),
  });
  expect(readFileSync(`${path}.000001.checkpoints`, "utf8")).toBe("somebody's");
  expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".next"))).toEqual([]);
  expect(await ledger.append({ kind: "test" })).toMatchObject({ segment: 1, seq: 2 });
});

test("a segment that should be sealed by itself and cannot be stays open to records, and closing it says why", async () => {
  const path = await writtenLedger(0);
  appendFileSync(`${path}.000001`, "somebody's");
  const rotating = { ...options, rotateAtBytes: 65_536 };
  const ledger = await Ledger.open(path, rotating);
  await ledger.append({ kind: "test", text: "x".repeat(60_000) });
  await ledger.append({ kind: "test", text: "x".repeat(60_000) });
  expect(await ledger.append({ kind: "test" })).toMatchObject({ segment: 1, seq: 3 });
  await expect(ledger.close()).rejects.toMatchObject({ code: "LEDGER_EXISTS" });
  rmSync(`${path}.000001`);
  await using reopened = await Ledger.open(path, rotating);
  expect(await reopened.append({ kind: "test" })).toMatchObject({ segment: 1, seq: 4 });
  expect(await reopened.append({ kind: "test" })).toMatchObject({ segment: 2, seq: 1 });
});

test("a rotation that the disk refuses leaves nothing behind, and does not speak of a record", async () => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  const before = readdirSync(dirname(path));
  await interceptNext("link", () => Promise.reject(diskError("ENOSPC", -28)));
  await expect(ledger.rotate()).rejects.toMatchObject({
    code: "LEDGER_WRITE_FAILED",
    message: `${path} was not sealed, because it found the disk full, and all its records are where they were; free some space, and rotate again.`,
  });
  expect(readdirSync(dirname(path))).toEqual(before);
  expect(await ledger.append({ kind: "test" })).toMatchObject({ segment: 1, seq: 2 });
});

test("a ledger that was replaced by another one with the same key is not taken for its next segment", async () => {
  const path = await writtenLedger(1);
  const other = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  linkSync(path, `${path}.000001`);
  unlinkSync(path);
  renameSync(other, path);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_REPLACED" });
  await ledger.close().catch(() => undefined);
  expect(linesOf(path)).toHaveLength(2);
});
