import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { afterwards, type DiskOperation, diskError, interceptDisk, interceptNext } from "./disk-faults.ts";
import { ledgerPath, options, recordsOf, signer, stateOf, vkey, whole, writtenLedger } from "./ledger-folder.ts";

test.each([
  ["ENOSPC", -28, "disk full, and the ledger is as it was before; free some space"],
  ["EFBIG", -27, "limit on file sizes"],
  ["UNKNOWN", -122, "disk quota"],
  ["EIO", -5, "EIO"],
])("a write that ends half-way with %s (%i) is taken back, and the ledger goes on", async (code, errno, words) => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  const before = readFileSync(path);
  await interceptNext("write", ({ given, run }) =>
    afterwards(run([given[0], 0, 10, null]), () => {
      throw diskError(code, errno);
    }),
  );
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({
    code: "LEDGER_WRITE_FAILED",
    message: expect.stringContaining(words),
  });
  expect(readFileSync(path)).toEqual(before);
  expect((await ledger.append({ kind: "test" })).seq).toBe(2);
  expect(await stateOf(path)).toEqual(whole(3));
});

test("a write that moves fewer bytes than it was asked to is continued", async () => {
  const path = await writtenLedger(0);
  await using ledger = await Ledger.open(path, options);
  await interceptNext("write", ({ given, run }) => run([given[0], 0, 10, null]));
  await ledger.append({ kind: "test" });
  expect(await stateOf(path)).toEqual(whole(2));
});

test("after a failed sync nothing is signed or written any more, until the ledger is opened anew", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  await interceptNext("datasync", () => Promise.reject(diskError("EIO")));
  const appends = await Promise.allSettled([ledger.append({ kind: "test" }), ledger.append({ kind: "test" })]);
  expect(appends).toMatchObject([{ reason: { code: "LEDGER_POISONED" } }, { reason: { code: "LEDGER_POISONED" } }]);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_POISONED" });
  expect(await verifyLedger(path, { keys: [vkey] })).toMatchObject({ valid: true, signedUpTo: 2 });
  await ledger.close();
  await using reopened = await Ledger.open(path, options);
  await reopened.append({ kind: "test" });
  expect(recordsOf(path).filter(({ kind }) => kind === "repair")).toMatchObject([
    { reason: "unsigned_lines", first_seq: 2, last_seq: 3 },
  ]);
  expect(await stateOf(path)).toEqual(whole(6));
});

test("lines that were left unsigned are written again before they are signed: a failed sync may have lost them", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  await interceptNext("datasync", () => Promise.reject(diskError("EIO")));
  await expect(ledger.append({ kind: "lost" })).rejects.toMatchObject({ code: "LEDGER_POISONED" });
  await ledger.close();
  const written: string[] = [];
  await interceptDisk(["write"], ({ given: [bytes], run }) => {
    if (bytes instanceof Uint8Array) written.push(Buffer.from(bytes).toString("latin1"));
    return run();
  });
  await (await Ledger.open(path, options)).close();
  expect(written[0]).toContain('"record":{"kind":"lost"}');
});

const sign = (message: Uint8Array): Promise<Uint8Array> => signer.sign(message);

test.each([
  ["fails", () => Promise.reject(new Error("the key service is away")), "key service"],
  ["signs something else", () => sign(Buffer.from("something else")), "does not verify"],
])("a signer that %s is a failed append: the record is taken back", async (_what, badSign, words) => {
  const path = ledgerPath();
  const remote = { ...signer, sign };
  await using ledger = await Ledger.create(path, { signer: remote });
  remote.sign = badSign;
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({
    code: "LEDGER_WRITE_FAILED",
    message: expect.stringContaining(words),
  });
  expect(await stateOf(path)).toEqual(whole(1));
  remote.sign = sign;
  expect((await ledger.append({ kind: "test" })).seq).toBe(1);
});

test("a checkpoint that cannot be moved into place is said when the ledger is closed: the records are safe", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  rmSync(`${path}.checkpoint`);
  mkdirSync(`${path}.checkpoint`);
  expect((await ledger.append({ kind: "test" })).seq).toBe(2);
  await expect(ledger.close()).rejects.toMatchObject({ code: "LEDGER_CHECKPOINT_STALE" });
  rmSync(`${path}.checkpoint`, { recursive: true });
  await using reopened = await Ledger.open(path, options);
  expect((await reopened.append({ kind: "test" })).seq).toBe(3);
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test", "test", "test"]);
  expect(await stateOf(path)).toEqual(whole(4));
});

test("a checkpoint that the full disk refused to replace is replaced by the next writer", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  await interceptNext("rename", () => Promise.reject(diskError("ENOSPC", -28)));
  await ledger.append({ kind: "test" });
  await expect(ledger.close()).rejects.toMatchObject({ code: "LEDGER_CHECKPOINT_STALE" });
  expect(readFileSync(`${path}.checkpoint`, "utf8")).toContain("\n2\n");
  await (await Ledger.open(path, options)).close();
  expect(readFileSync(`${path}.checkpoint`, "utf8")).toContain("\n3\n");
});

test("a ledger whose checkpoint cannot be brought up to date at its opening says that nothing was written now", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  await interceptNext("rename", () => Promise.reject(diskError("ENOSPC", -28)));
  await ledger.append({ kind: "test" });
  await expect(ledger.close()).rejects.toMatchObject({ code: "LEDGER_CHECKPOINT_STALE" });
  const before = readFileSync(path);
  await interceptNext("rename", () => Promise.reject(diskError("ENOSPC", -28)));
  await expect(Ledger.open(path, options)).rejects.toMatchObject({
    code: "LEDGER_WRITE_FAILED",
    message: expect.stringMatching(/^Nothing was written now, .* found the disk full; free some space/),
  });
  expect(readFileSync(path)).toEqual(before);
});

test("a history that fails to sync poisons: what it shows may be lost", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  let count = 0;
  await interceptDisk(["datasync"], ({ run }) => {
    count += 1;
    return count === 2 ? Promise.reject(diskError("EIO")) : run();
  });
  expect((await ledger.append({ kind: "test" })).seq).toBe(2);
  await expect(ledger.close()).rejects.toMatchObject({ code: "LEDGER_POISONED" });
  expect(await stateOf(path)).toEqual(whole(3));
});

const faultyOperations: readonly DiskOperation[] = [
  "write",
  "datasync",
  "sync",
  "truncate",
  "rename",
  "link",
  "unlink",
];

interface Fault {
  /** The first operation that fails, counted from 1. */
  readonly nth: number;
  /** Whether it is carried out all the same: "not stored", and "stored, but nobody was told". */
  readonly stored: boolean;
  /** Whether all operations after it fail too. */
  readonly lasting: boolean;
}

/** Two records are appended under a fault; then the ledger is opened again, without any, and gets a third. */
async function appendUnderFault({ nth, stored, lasting }: Fault) {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, options);
  let count = 0;
  const restore = await interceptDisk(faultyOperations, ({ run }) => {
    count += 1;
    if (count < nth || (count > nth && !lasting)) return run();
    if (!stored) throw diskError("EIO");
    return afterwards(run(), () => {
      throw diskError("EIO");
    });
  });
  const outcomes = await Promise.allSettled(["first", "second"].map((kind) => ledger.append({ kind })));
  await ledger.close().catch(() => undefined);
  restore();
  const { firstBadLine } = await verifyLedger(path, { keys: [vkey] });
  await using reopened = await Ledger.open(path, options);
  await reopened.append({ kind: "last" });
  const kinds = recordsOf(path).map(({ kind }) => kind);
  const copies = ["first", "second"].map((kind) => kinds.filter((candidate) => candidate === kind).length);
  return { wasReached: count >= nth, outcomes, firstBadLine, copies, lines: kinds.length, state: await stateOf(path) };
}

test.each([
  { what: "without being carried out", stored: false, lasting: false },
  { what: "without being carried out, with all that follow", stored: false, lasting: true },
  { what: "although it was carried out", stored: true, lasting: false },
  { what: "although they are carried out, with all that follow", stored: true, lasting: true },
])("whichever disk operation fails $what, nothing acknowledged is lost and the ledger can be mended", async (fault) => {
  let nth = 0;
  let wasReached = true;
  while (wasReached) {
    nth += 1;
    const result = await appendUnderFault({ ...fault, nth });
    const allowedCopies = result.outcomes.map(({ status }) => (status === "fulfilled" ? [1] : [0, 1]));
    expect(result.firstBadLine).toBeNull();
    expect(result.copies.every((copies, index) => allowedCopies[index]?.includes(copies))).toBe(true);
    expect(result.state).toEqual(whole(result.lines));
    wasReached = result.wasReached;
  }
  // An append writes the ledger and the history and syncs both; then the checkpoint is written, synced and renamed.
  expect(nth).toBeGreaterThan(7);
});
