import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { type JsonObject, maximumJsonDepth } from "../../src/ledger/canonical-json.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { formatLine, maximumRecordBytes } from "../../src/ledger/line.ts";
import { acquireLock } from "../../src/ledger/lock.ts";
import { leafHash } from "../../src/ledger/merkle-tree.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { temporaryDirectory } from "../support/program.ts";
import { signerFromSeed } from "./keys.ts";
import { ledgerPath, linesOf, options, recordsOf, stateOf, vkey, whole, writtenLedger } from "./ledger-folder.ts";

async function appendOne(path: string, record = { kind: "test" }) {
  await using ledger = await Ledger.open(path, options);
  return await ledger.append(record);
}

test("a new ledger begins with a genesis record that names ledger, time, format and key", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, { ...options, clock: { ...systemClock, wallMs: () => 0 } });
  expect(recordsOf(path)).toEqual([
    {
      kind: "genesis",
      ledger_id: ledger.ledgerId,
      created_at: "1970-01-01T00:00:00.000Z",
      schema_version: "1.0.0",
      public_key: vkey,
    },
  ]);
  expect(await stateOf(path)).toEqual(whole(1));
});

test("a ledger and its checkpoints are for everybody to read, its lock is not", async () => {
  const path = await writtenLedger(1);
  const modes = ["", ".checkpoint", ".checkpoints", ".lock"].map((end) => statSync(path + end).mode & 0o777);
  expect(modes).toEqual([0o644, 0o644, 0o644, 0o600]);
});

test("every line links to the one before it, and append says the hash that the next one will link to", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const first = await ledger.append({ kind: "test" });
  const second = await ledger.append({ kind: "test" });
  const lines = linesOf(path);
  expect([first.seq, second.seq]).toEqual([1, 2]);
  expect(JSON.parse(lines[2] ?? "").prev_hash).toBe(first.lineHash);
  expect(leafHash(Buffer.from(lines[2] ?? "")).toString("hex")).toBe(second.lineHash);
});

test("a record that was appended is signed as soon as append returns", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  for (let count = 1; count <= 3; count += 1) {
    await ledger.append({ kind: "test", count });
    expect(await stateOf(path)).toEqual(whole(count + 1));
  }
});

test("a record is what it was when append was called", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const labels = { team: "a" };
  const appended = ledger.append({ kind: "test", labels });
  labels.team = "b";
  await appended;
  expect(recordsOf(path)[1]).toEqual({ kind: "test", labels: { team: "a" } });
});

test("records that are appended together share checkpoints and keep their order", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const appended = await Promise.all(Array.from({ length: 500 }, (_, index) => ledger.append({ kind: "test", index })));
  expect(appended.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  expect(
    recordsOf(path)
      .slice(1)
      .map(({ index }) => index),
  ).toEqual(Array.from({ length: 500 }, (_, index) => index));
  const { checkpoints } = await verifyLedger(path, { keys: [vkey] });
  expect(checkpoints.inHistory).toBeLessThan(10);
});

test("two writers that have a ledger open at once make one chain", async () => {
  const path = await writtenLedger(0);
  await using left = await Ledger.open(path, options);
  await using right = await Ledger.open(path, options);
  const writers = [left, right];
  await Promise.all(
    writers.map(async (ledger, writer) => {
      for (let index = 0; index < 20; index += 1) await ledger.append({ kind: "test", writer, index });
    }),
  );
  expect(await stateOf(path)).toEqual(whole(41));
});

test("a closed ledger takes no record, and closing twice is harmless", async () => {
  const ledger = await Ledger.create(ledgerPath(), options);
  const pending = ledger.append({ kind: "test" });
  await ledger.close();
  await ledger.close();
  expect((await pending).seq).toBe(1);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "INPUT_INVALID" });
});

test.each([
  ["no kind", {}],
  ["a kind that is no text", { kind: 1 }],
  ["an empty kind", { kind: "" }],
  ["the kind genesis", { kind: "genesis" }],
  ["the kind repair", { kind: "repair" }],
  ["a number that JSON cannot hold", { kind: "test", grams: Number.NaN }],
  ["more than fits into a line", { kind: "test", text: "x".repeat(maximumRecordBytes) }],
])("a record with %s is refused, and those beside it are not", async (_what, record) => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const [bad, good] = await Promise.allSettled([ledger.append(record), ledger.append({ kind: "test" })]);
  expect(bad).toMatchObject({ status: "rejected", reason: { code: "RECORD_INVALID" } });
  expect(good).toMatchObject({ status: "fulfilled", value: { seq: 1 } });
});

test("the longest record that is allowed can be written and verified", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  await ledger.append({ kind: "test", text: "x".repeat(maximumRecordBytes - '{"kind":"test","text":""}'.length) });
  expect(await stateOf(path)).toEqual(whole(2));
});

test("a record may be nested as deep as a verifier follows, and no deeper", async () => {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  const nested = (depth: number): JsonObject =>
    JSON.parse(`{"kind":"test","a":${"[".repeat(depth)}${"]".repeat(depth)}}`);
  await ledger.append(nested(maximumJsonDepth - 2));
  await expect(ledger.append(nested(maximumJsonDepth - 1))).rejects.toMatchObject({ code: "RECORD_INVALID" });
  expect(await stateOf(path)).toEqual(whole(2));
});

test("creating refuses to touch what is already there", async () => {
  const path = await writtenLedger(1);
  const before = readFileSync(path);
  await expect(Ledger.create(path, options)).rejects.toMatchObject({ code: "LEDGER_EXISTS" });
  expect(readFileSync(path)).toEqual(before);
});

test("opening or creating does either, also when many do it at once", async () => {
  const path = ledgerPath();
  await Promise.all(
    Array.from({ length: 6 }, async (_, writer) => {
      await using ledger = await Ledger.openOrCreate(path, options);
      await ledger.append({ kind: "test", writer });
    }),
  );
  expect(await stateOf(path)).toEqual(whole(7));
  expect(recordsOf(path).filter(({ kind }) => kind === "genesis")).toHaveLength(1);
});

test.each([
  ["a directory", (path: string) => mkdirSync(path)],
  ["a symbolic link", (path: string) => symlinkSync("elsewhere", path)],
])("%s is no ledger", async (_what, make) => {
  const path = ledgerPath();
  make(path);
  await expect(Ledger.openOrCreate(path, options)).rejects.toMatchObject({ code: "LEDGER_NOT_A_FILE" });
});

test("a ledger in a folder that does not exist is refused in words", async () => {
  const path = join(temporaryDirectory(), "none", "carbon.ndjson");
  await expect(Ledger.create(path, options)).rejects.toMatchObject({
    code: "LEDGER_UNWRITABLE",
    message: expect.stringContaining("does not exist"),
  });
});

test("a ledger is extended with its own key only", async () => {
  const path = await writtenLedger(1);
  const stranger = { signer: signerFromSeed(2) };
  await expect(Ledger.open(path, stranger)).rejects.toMatchObject({ code: "KEY_INVALID" });
});

const damages: readonly (readonly [string, (path: string) => void, string])[] = [
  ["a changed record", (path) => edit(path, '"index":2', '"index":7'), "line 3"],
  ["a changed last record", (path) => edit(path, '"index":3', '"index":7'), "line 4"],
  ["a deleted line", (path) => writeFileSync(path, linesOf(path).toSpliced(1, 1).join("\n").concat("\n")), "line 2"],
  ["its end cut off at a line", (path) => truncateSync(path, statSync(path).size - lastLineLength(path)), "line 4"],
  ["its end cut off inside a line", (path) => truncateSync(path, statSync(path).size - 5), "line 4"],
  ["nothing left in it", (path) => truncateSync(path, 0), "the file is empty"],
  ["a changed checkpoint", (path) => edit(`${path}.checkpoint`, "\n4\n", "\n3\n"), ".checkpoint was altered"],
  ["a changed history", (path) => editLast(`${path}.checkpoints`, "\n4\n", "\n3\n"), ".checkpoints was altered"],
  ["a history whose dashes were changed", (path) => editAll(`${path}.checkpoints`, "\n— ", "\n- "), "no checkpoint"],
  ["a history whose last dash was changed", (path) => editLast(`${path}.checkpoints`, "\n— ", "\n- "), "no checkpoint"],
  [
    "a history whose first checkpoint was changed",
    (path) => edit(`${path}.checkpoints`, "\n1\n", "\n2\n"),
    "signature",
  ],
  ["a history with words at its end", (path) => appendFileSync(`${path}.checkpoints`, "garbage"), "no checkpoint"],
  ["a history with much at its end", (path) => appendFileSync(`${path}.checkpoints`, "x".repeat(70_000)), "altered"],
  ["a history that was written twice", doubleHistory, "not in order of size"],
  [
    "a history that was cut although no line waits for a checkpoint",
    (path) => truncateSync(`${path}.checkpoints`, statSync(`${path}.checkpoints`).size - 10),
    "no line waits",
  ],
  ["its checkpoints deleted", deleteCheckpoints, ".checkpoint is missing"],
  [
    "its checkpoints deleted and bytes added",
    (path) => {
      deleteCheckpoints(path);
      appendFileSync(path, "bytes");
    },
    ".checkpoint is missing",
  ],
];

test.each(damages)("a ledger with %s is not written to, and stays exactly as it is", async (_what, damage, words) => {
  const path = await writtenLedger(3);
  damage(path);
  const before = filesBeside(path);
  await expect(Ledger.open(path, options)).rejects.toMatchObject({
    code: "LEDGER_INVALID",
    message: expect.stringContaining(words),
  });
  expect(filesBeside(path)).toEqual(before);
});

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, "utf8");
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

function editAll(path: string, from: string, to: string): void {
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(from, to));
}

function doubleHistory(path: string): void {
  appendFileSync(`${path}.checkpoints`, readFileSync(`${path}.checkpoints`));
}

function editLast(path: string, from: string, to: string): void {
  const text = readFileSync(path, "utf8");
  const start = text.lastIndexOf(from);
  writeFileSync(path, text.slice(0, start) + to + text.slice(start + from.length));
}

function lastLineLength(path: string): number {
  return (linesOf(path).at(-1)?.length ?? 0) + 1;
}

function deleteCheckpoints(path: string): void {
  rmSync(`${path}.checkpoint`);
  rmSync(`${path}.checkpoints`);
}

function filesBeside(path: string): Record<string, string> {
  const names = readdirSync(dirname(path));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(dirname(path), name), "hex")]));
}

test.each([
  ["half a line", '{"prev_hash":"0123'],
  ["zeros, as a power cut leaves them", "\0".repeat(5000)],
  ["a line that links to nothing", `${formatLine("0".repeat(64), '{"kind":"test"}', 3)}\n`],
  ["zeros and a whole line behind them", `${"\0".repeat(100)}\n${formatLine("0".repeat(64), "{}", 3)}\n`],
])("what a crash left after the last signed line is set aside, and the ledger tells of it: %s", async (_what, tail) => {
  const path = await writtenLedger(2);
  const length = statSync(path).size;
  appendFileSync(path, tail);
  expect((await appendOne(path)).seq).toBe(4);
  const repair = recordsOf(path)[3];
  expect(repair).toMatchObject({
    kind: "repair",
    reason: "torn_tail",
    bytes: tail.length,
    file: `carbon.ndjson.torn-${length}`,
  });
  expect(readFileSync(`${path}.torn-${length}`, "utf8")).toBe(tail);
  expect(await stateOf(path)).toEqual(whole(5));
});

test("an unsigned line that is in its place but not canonical is never signed", async () => {
  const path = await writtenLedger(1);
  const prevHash = leafHash(Buffer.from(linesOf(path)[1] ?? "")).toString("hex");
  appendFileSync(path, `${formatLine(prevHash, '{"kind":"test","n":1.0}', 2)}\n`);
  expect((await appendOne(path)).seq).toBe(3);
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test", "repair", "test"]);
  expect(await stateOf(path)).toEqual(whole(4));
});

test("a torn tail is set aside again when the repair itself was cut off, and both are told of", async () => {
  const path = await writtenLedger(1);
  const length = statSync(path).size;
  writeFileSync(`${path}.torn-${length}`, "first");
  appendFileSync(path, "second");
  await (await Ledger.open(path, options)).close();
  expect(recordsOf(path).slice(2)).toMatchObject([
    { kind: "repair", file: `carbon.ndjson.torn-${length}`, bytes: 5 },
    { kind: "repair", file: `carbon.ndjson.torn-${length}.2`, bytes: 6 },
  ]);
  expect(await stateOf(path)).toEqual(whole(4));
});

test("a torn tail that another writer leaves while the ledger is open is set aside before the next record", async () => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  appendFileSync(path, "torn");
  expect((await ledger.append({ kind: "test" })).seq).toBe(3);
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test", "repair", "test"]);
  expect(await stateOf(path)).toEqual(whole(4));
});

test("whole lines whose writer ended before it signed stay, are signed, and the ledger tells of them", async () => {
  const path = await writtenLedger(1);
  const older = [`${path}.checkpoint`, `${path}.checkpoints`].map((file) => [file, readFileSync(file)] as const);
  await appendOne(path);
  for (const [file, content] of older) writeFileSync(file, content);
  await (await Ledger.open(path, options)).close();
  expect(recordsOf(path).at(-1)).toMatchObject({ kind: "repair", reason: "unsigned_lines", first_seq: 2, last_seq: 2 });
  expect(await stateOf(path)).toEqual(whole(4));
});

test("a checkpoint that reached the history only is known, and the history stays in one piece", async () => {
  const path = await writtenLedger(1);
  copyFileSync(`${path}.checkpoint`, `${path}.older`);
  await appendOne(path);
  renameSync(`${path}.older`, `${path}.checkpoint`);
  await appendOne(path);
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test", "test", "test"]);
  expect(await stateOf(path)).toEqual(whole(4));
});

/** A ledger whose last line was written but not signed, as a crash leaves it, and the checkpoint that it did not get. */
async function ledgerWithUnsignedLine() {
  const path = await writtenLedger(1);
  const older = [`${path}.checkpoint`, `${path}.checkpoints`].map((file) => [file, readFileSync(file)] as const);
  await appendOne(path);
  const lost = readFileSync(`${path}.checkpoint`);
  for (const [file, content] of older) writeFileSync(file, content);
  return { path, lost };
}

test("wherever a crash cuts off a checkpoint of the history, its piece is set aside and the ledger tells of it", async () => {
  const { path, lost } = await ledgerWithUnsignedLine();
  const files = ["", ".checkpoint", ".checkpoints"].map((end) => [path + end, readFileSync(path + end)] as const);
  const ledgerLength = statSync(path).size;
  const torn = `${path}.checkpoints.torn-${ledgerLength}`;
  const zeros = Buffer.concat([lost.subarray(0, 60), Buffer.alloc(100)]);
  const pieces = [...Array.from({ length: lost.length }, (_, length) => lost.subarray(0, length + 1)), zeros];
  for (const piece of pieces) {
    for (const [file, content] of files) writeFileSync(file, content);
    rmSync(torn, { force: true });
    appendFileSync(`${path}.checkpoints`, piece);
    await (await Ledger.open(path, options)).close();
    expect(readFileSync(torn)).toEqual(piece);
    expect(recordsOf(path).slice(3)).toMatchObject([
      { kind: "repair", reason: "torn_checkpoint", file: basename(torn), bytes: piece.length },
      { kind: "repair", reason: "unsigned_lines", first_seq: 2, last_seq: 2 },
    ]);
  }
  expect(await stateOf(path)).toEqual(whole(5));
});

test("a history that is changed while the ledger is open is not written on", async () => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  appendFileSync(`${path}.checkpoints`, "garbage");
  const before = filesBeside(path);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_INVALID" });
  expect(filesBeside(path)).toEqual(before);
});

test("a creation that was cut off before its checkpoint is completed by the next opening", async () => {
  const path = await writtenLedger(0);
  deleteCheckpoints(path);
  await appendOne(path);
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test"]);
  expect(await stateOf(path)).toEqual(whole(2));
});

const replacements: readonly (readonly [string, (path: string) => void])[] = [
  [
    "replaced by a copy",
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
  ],
  ["removed", (path) => rmSync(path)],
  ["cut", (path) => truncateSync(path, statSync(path).size - 1)],
  ["changed in its last line", (path) => edit(path, '"index":1', '"index":2')],
];

test.each(replacements)("a ledger that is %s while it is open is not written to any more", async (_what, replace) => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  replace(path);
  const before = existsSync(path) ? readFileSync(path) : null;
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_REPLACED" });
  expect(existsSync(path) ? readFileSync(path) : null).toEqual(before);
});

test("a lock that is held too long is an error, and the next attempt may succeed", async () => {
  const path = await writtenLedger(0);
  await using ledger = await Ledger.open(path, { ...options, lockWaitSeconds: 0.05 });
  const lock = await acquireLock(`${path}.lock`, 5, systemClock);
  await expect(ledger.append({ kind: "test" })).rejects.toMatchObject({ code: "LEDGER_LOCKED" });
  await lock.release();
  await using patient = await Ledger.open(path, options);
  expect((await patient.append({ kind: "test" })).seq).toBe(1);
});

test("no temporary file is left behind", async () => {
  const path = await writtenLedger(2);
  expect(readdirSync(dirname(path)).sort()).toEqual(
    ["", ".checkpoint", ".checkpoints", ".frontier", ".lock"].map((end) => basename(path) + end),
  );
});
