import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import { body, pythonWriter } from "../ledger/python/python-original-writer.ts";
import { ledgerShell } from "./ledger-shell.ts";

const writer = pythonWriter();
const { lines, hashes } = writer.ledger([body("1.0"), body("2.0"), body("3.0")]);
const text = (of: readonly string[]): string => of.map((line) => `${line}\n`).join("");

function shellWithOldLedger(content = text(lines)) {
  const shell = ledgerShell();
  shell.write("old.jsonl", content);
  return shell;
}

const importedRecords = (ledger: string) =>
  ledger
    .split("\n")
    .slice(1, -1)
    .map((line) => z.looseObject({ record: z.looseObject({}) }).parse(JSON.parse(line)).record);

test("a ledger of the Python original is valid under its key: exit status 0, and its end is printed", async () => {
  const { run } = shellWithOldLedger();
  const { status, words } = await run("verify", "old.jsonl", "--format", "python", "--key", writer.key);
  expect([status, words]).toEqual([0, expect.stringContaining("Valid: old.jsonl. All 3 entries link and verify.")]);
  expect(words).toContain(`head 3:${hashes[2]}`);
});

test("the key may stand in a file, with 0x before it", async () => {
  const { run, write } = shellWithOldLedger();
  write("old.key", `0x${writer.key.toUpperCase()}\n`);
  expect((await run("verify", "old.jsonl", "--format", "python", "--key", "old.key")).status).toBe(0);
});

test("without a key the answer is not yes: exit status 4", async () => {
  const { run } = shellWithOldLedger();
  const { status, words } = await run("verify", "old.jsonl", "--format", "python");
  expect([status, words]).toEqual([4, expect.stringContaining("author unproven")]);
});

test("a touched line is named, for people and machines: exit status 1", async () => {
  const { run } = shellWithOldLedger(text(lines).replace("2.0", "2.1"));
  const people = await run("verify", "old.jsonl", "--format", "python", "--key", writer.key);
  expect([people.status, people.words]).toEqual([
    1,
    expect.stringContaining("Line 2 is the first that is not as it was written"),
  ]);
  const machine = await run("verify", "old.jsonl", "--format", "python", "--json");
  expect(JSON.parse(machine.stdout)).toMatchObject({ valid: false, first_bad_line: { line: 2 }, format: "python" });
});

test("an end that was kept finds a tail that was cut off", async () => {
  const { run } = shellWithOldLedger(text(lines.slice(0, 2)));
  const head = `3:${hashes[2]}`;
  const { status, words } = await run("verify", "old.jsonl", "--format", "python", "--key", writer.key, "--head", head);
  expect([status, words]).toEqual([1, expect.stringContaining("3 entries were there and 2 are")]);
});

test.each([
  [["--format", "python", "--head", "3"], "--head must be"],
  [["--format", "python", "--checkpoint", "x"], "no signed checkpoints"],
  [["--format", "python", "--key", "nowhere"], "neither 64 hexadecimal digits nor a file"],
  [["--head", `1:${"0".repeat(64)}`], "--head belongs to"],
  [["--format", "cobol"], "Allowed choices"],
])("verify with %j is refused in words: exit status 2", async (flags, words) => {
  const { run } = shellWithOldLedger();
  const { status, stderr } = await run("verify", "old.jsonl", ...flags);
  expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
});

test("import carries every line over, byte by byte, with its hash, into a ledger that is created", async () => {
  const { run, read } = shellWithOldLedger();
  const { status, words } = await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key);
  expect([status, words]).toEqual([0, "Imported 3 entries of old.jsonl into new.ndjson "]);
  const records = importedRecords(read("new.ndjson"));
  expect(records.map((record) => record["original_line"])).toEqual(lines);
  expect(records.map((record) => record["entry_hash"])).toEqual(hashes);
  expect(records[1]).toMatchObject({
    line: 2,
    original_line_sha256: createHash("sha256")
      .update(lines[1] ?? "")
      .digest("hex"),
    verified_with: writer.key,
    problem: null,
  });
  expect((await run("verify", "new.ndjson")).status).toBe(0);
});

test("a second import adds nothing, and a third takes what the old ledger has grown by", async () => {
  const { run, write } = shellWithOldLedger(text(lines.slice(0, 2)));
  const again = async () => await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key, "--json");
  expect(JSON.parse((await again()).stdout)).toMatchObject({ imported: 2, already_there: 0 });
  expect(JSON.parse((await again()).stdout)).toMatchObject({ imported: 0, already_there: 2 });
  write("old.jsonl", text(lines));
  expect(JSON.parse((await again()).stdout)).toMatchObject({ imported: 1, already_there: 2, verified: true });
});

test("lines that were imported before a rotation are known after it", async () => {
  const { run, write } = shellWithOldLedger(text(lines.slice(0, 2)));
  const again = async () => await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key, "--json");
  await again();
  await run("rotate", "new.ndjson");
  write("old.jsonl", text(lines));
  expect(JSON.parse((await again()).stdout)).toMatchObject({ imported: 1, already_there: 2 });
});

test("an old ledger whose imported lines were exchanged since then is refused", async () => {
  const { run, write, read } = shellWithOldLedger();
  await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key);
  const before = read("new.ndjson");
  write("old.jsonl", text([lines[0] ?? "", writer.lineOf(body("9.0"), hashes[0] ?? "").line]));
  const { status, stderr } = await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key);
  expect([status, stderr, read("new.ndjson")]).toEqual([
    1,
    expect.stringContaining("Line 2 of old.jsonl is another one"),
    before,
  ]);
});

test("an invalid ledger, or one that no key vouches for, is imported only when that is asked for, and its records say so", async () => {
  const { run, read } = shellWithOldLedger(text(lines).replace("2.0", "2.1"));
  const refused = await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("Line 2 of old.jsonl")]);
  expect((await run("import", "old.jsonl", "new.ndjson")).stderr).toContain("nothing was imported");
  const { status, words } = await run("import", "old.jsonl", "new.ndjson", "--source-key", writer.key, "--unverified");
  expect([status, words]).toEqual([0, expect.stringContaining("was not verified")]);
  const records = importedRecords(read("new.ndjson"));
  expect(records.map((record) => record["verified_with"])).toEqual([writer.key, null, null]);
  expect(records[1]).toMatchObject({ problem: expect.stringContaining("signature does not fit") });
});

test("without a key nothing is imported: exit status 4", async () => {
  const { run } = shellWithOldLedger();
  const { status, stderr } = await run("import", "old.jsonl", "new.ndjson");
  expect([status, stderr]).toEqual([4, expect.stringContaining("--source-key")]);
});

test("a torn last line is carried over when that is asked for", async () => {
  const { run, read } = shellWithOldLedger(text(lines).slice(0, -20));
  await run("import", "old.jsonl", "new.ndjson", "--unverified");
  expect(importedRecords(read("new.ndjson")).at(-1)).toMatchObject({
    original_line: (lines[2] ?? "").slice(0, -19),
    entry_hash: null,
    verified_with: null,
    problem: expect.stringContaining("no line feed"),
  });
});
