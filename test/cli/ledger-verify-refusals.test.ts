import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { body, pythonWriter } from "../ledger/python/python-original-writer.ts";
import { shellIn } from "./shell.ts";

/** A ledger a.ndjson of a genesis record and one note, and the text of the key that signs it. */
async function shellWithLedger() {
  const shell = shellIn();
  await shell.run("ledger", "init", "a.ndjson");
  await shell.run("ledger", "append", "a.ndjson", "--note", "one");
  const key = (await shell.run("keys", "show")).stdout.trim();
  return { ...shell, key, verify: async (...flags: string[]) => await shell.run("ledger", "verify", ...flags) };
}

const words = (text: string): string => text.replace(/\s+/g, " ");

const writer = pythonWriter();
const pythonLedger = writer
  .ledger([body("1.0"), body("2.0")])
  .lines.map((line) => `${line}\n`)
  .join("");

test.each([
  [["--state", "state"], "--state"],
  [["--checkpoint", "a.checkpoint"], "--head"],
  [["--witness", "w.pub"], "--witness"],
  [["--deep"], "--deep"],
  [["--threads", "2"], "--threads"],
])("a Python ledger cannot be verified with %j, which is said instead of leaving it out", async (flags, named) => {
  const { run, write } = shellIn();
  write("old.jsonl", pythonLedger);
  const { status, stdout, stderr } = await run("ledger", "verify", "old.jsonl", "--format", "python", ...flags);
  expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining(named)]);
});

test("--threads is refused for standard input, which one thread reads", async () => {
  const { verify } = await shellWithLedger();
  expect(await verify("-", "--threads", "2")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("one thread"),
  });
});

test("ledger checkpoint with --signing-key and without --sign is refused", async () => {
  const { run } = await shellWithLedger();
  const { status, stderr } = await run("ledger", "checkpoint", "a.ndjson", "--signing-key", "k.key");
  expect([status, stderr]).toEqual([2, expect.stringContaining("--sign")]);
});

test.each([
  ["as it is", pythonLedger],
  ["compressed", gzipSync(pythonLedger)],
  ["with a line that was touched", pythonLedger.replace("1.0", "1.5")],
])("a Python ledger that is verified without --format is recognised: %s", async (_how, bytes) => {
  const { run, write } = shellIn();
  write("old.jsonl", bytes);
  const { status, stdout, stderr } = await run("ledger", "verify", "old.jsonl");
  expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining("give --format python")]);
});

test("a Python key without --format suggests the format too", async () => {
  const { run, write } = shellIn();
  write("old.jsonl", pythonLedger);
  const { status, stderr } = await run("ledger", "verify", "old.jsonl", "--key", writer.key);
  expect([status, stderr]).toEqual([2, expect.stringContaining("give --format python")]);
});

test("with --format carbon-ops a Python ledger is simply not valid", async () => {
  const { run, write } = shellIn();
  write("old.jsonl", pythonLedger);
  expect((await run("ledger", "verify", "old.jsonl", "--format", "carbon-ops")).status).toBe(1);
});

test("a ledger of ours that is verified as a Python ledger is recognised", async () => {
  const { verify } = await shellWithLedger();
  const { status, stdout } = await verify("a.ndjson", "--format", "python");
  expect([status, words(stdout)]).toEqual([1, expect.stringContaining("check it without --format python")]);
});

test("a compressed Python ledger is verified as what it holds", async () => {
  const { run, write } = shellIn();
  write("old.jsonl.gz", gzipSync(pythonLedger));
  const { status, stdout } = await run("ledger", "verify", "old.jsonl.gz", "--format", "python", "--key", writer.key);
  expect([status, words(stdout)]).toEqual([0, expect.stringContaining("All 2 entries link and verify")]);
});

test("a compressed Python ledger is imported as what it holds", async () => {
  const { run, write } = shellIn();
  write("old.jsonl.gz", gzipSync(pythonLedger));
  const { status } = await run("ledger", "import", "old.jsonl.gz", "new.ndjson", "--source-key", writer.key);
  const { stdout } = await run("ledger", "show", "new.ndjson", "--json", "--kind", "imported_entry");
  const lines = stdout.split("\n").slice(0, -1);
  expect([status, lines.map((line) => `${JSON.parse(line).record.original_line}\n`).join("")]).toEqual([
    0,
    pythonLedger,
  ]);
});

test.each([
  ["is empty", "", "it is empty"],
  ["holds something else", "{}\n", "it is no signed checkpoint"],
])("a state that %s cannot be held against a ledger: exit status 2, and it stays", async (_what, content, why) => {
  const { verify, write, path } = await shellWithLedger();
  write("state", content);
  const { status, stdout, stderr } = await verify("a.ndjson", "--state", "state");
  expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining(why)]);
  expect(readFileSync(path("state"), "utf8")).toBe(content);
});

test.each([
  ["a symbolic link", (path: string) => symlinkSync("elsewhere", path)],
  ["a directory", (path: string) => mkdirSync(path)],
])("a state that is %s is not used: exit status 2", async (_what, make) => {
  const { verify, path } = await shellWithLedger();
  make(path("state"));
  expect(await verify("a.ndjson", "--state", "state")).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("The state"),
  });
});

test("a state whose text was edited under the trusted key's signature is damaged, and says nothing about the ledger", async () => {
  const { verify, read, write } = await shellWithLedger();
  await verify("a.ndjson", "--state", "state");
  write("state", read("state").replace("\n2\n", "\n1\n"));
  const { status, stderr } = await verify("a.ndjson", "--state", "state");
  expect([status, stderr]).toEqual([2, expect.stringContaining("is damaged (the signature of")]);
});

test.each([
  ["is empty", ""],
  ["holds something else", "hello\n"],
])("a kept checkpoint that %s: exit status 2", async (_what, content) => {
  const { verify, write } = await shellWithLedger();
  write("kept", content);
  expect(await verify("a.ndjson", "--checkpoint", "kept")).toMatchObject({
    status: 2,
    stdout: "",
    stderr: expect.stringContaining("--checkpoint kept is damaged"),
  });
});

test("the first sentence of a failed check says what is wrong with which file, for people and for programs", async () => {
  const { verify, path, write } = await shellWithLedger();
  const stranger = await shellWithLedger();
  copyFileSync(stranger.path("a.ndjson.checkpoint"), path("a.ndjson.checkpoint"));
  const what = /NOT VALID: a\.ndjson\. Every line is in order, but a\.ndjson\.checkpoint does not hold: .*not by a key/;
  const people = await verify("a.ndjson");
  expect([people.status, words(people.stdout)]).toEqual([1, expect.stringMatching(what)]);
  expect(JSON.parse((await verify("a.ndjson", "--json")).stdout).headline).toMatch(what);
  write("a.ndjson.checkpoint", "");
  rmSync(join(path("a.ndjson.checkpoints")));
  expect(words((await verify("a.ndjson")).stdout)).toContain(
    "Every line is in order, but a.ndjson.checkpoint does not hold",
  );
});

test("the headline of a Python ledger stands in --json too, and says why a kept head does not fit", async () => {
  const { run, write } = shellIn();
  write("old.jsonl", pythonLedger);
  const head = `3:${"0".repeat(64)}`;
  const { stdout } = await run("ledger", "verify", "old.jsonl", "--format", "python", "--head", head, "--json");
  expect(JSON.parse(stdout).headline).toMatch(/NOT VALID: old\.jsonl\. .*3 entries were there and 2 are/);
});

test("a key that signs ledgers is no witness, which is said instead of leaving it out", async () => {
  const { verify, key } = await shellWithLedger();
  const { status, stdout, stderr } = await verify("a.ndjson", "--witness", key);
  expect([status, stdout, stderr]).toEqual([2, "", expect.stringContaining("is no witness key")]);
});

test("a pipe with a key and no checkpoint is neither valid nor touched, and what to give is said", async () => {
  const { read, path, key } = await shellWithLedger();
  const input = { stdin: Readable.from([Buffer.from(read("a.ndjson"))]) };
  const { status, stdout } = await shellIn(path("."), {}, {}, input).run("ledger", "verify", "-", "--key", key);
  expect([status, words(stdout)]).toEqual([4, expect.stringContaining("Chain holds, author unproven: -.")]);
  expect(words(stdout)).toContain("Give one that you kept with --checkpoint");
});

test("a state that cannot be written does not keep the verdict back", async () => {
  const { verify } = await shellWithLedger();
  const { status, stdout, stderr } = await verify("a.ndjson", "--state", "no/such/place");
  expect([status, words(stdout), stderr]).toEqual([
    2,
    expect.stringMatching(/^Valid: a\.ndjson\. .*this checkpoint is NOT remembered/),
    expect.stringContaining("cannot be written"),
  ]);
  const { status: sameStatus, stdout: json } = await verify("a.ndjson", "--state", "no/such/place", "--json");
  expect([sameStatus, JSON.parse(json)]).toMatchObject([2, { valid: true, state: { is_unwritten: true } }]);
});
