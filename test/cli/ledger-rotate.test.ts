import { readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { ledgerShell } from "./ledger-shell.ts";

async function shellWithLedger() {
  const there = ledgerShell();
  await there.run("init", "a.ndjson");
  return there;
}

test("a ledger that is rotated goes on in a new file, and verifies with the sealed one", async () => {
  const { run } = await shellWithLedger();
  await run("append", "a.ndjson", "--note", "one");
  const { status, words } = await run("rotate", "a.ndjson");
  expect([status, words]).toEqual([0, "Sealed a.ndjson.000001; a.ndjson goes on as segment 2 "]);
  await run("append", "a.ndjson", "--note", "two");
  expect((await run("verify", "a.ndjson")).status).toBe(0);
  const shown = await Promise.all(["a.ndjson.000001", "a.ndjson"].map((name) => run("show", name)));
  expect(shown.map(({ words: page }) => [page.includes("one"), page.includes("two")])).toEqual([
    [true, false],
    [true, true],
  ]);
});

test("a file that has a later segment's name is named, nothing is left behind, and the ledger goes on", async () => {
  const { run, write, read, path } = await shellWithLedger();
  await run("append", "a.ndjson", "--note", "one");
  await run("rotate", "a.ndjson");
  await run("append", "a.ndjson", "--note", "two");
  write("a.ndjson.000002", "somebody's");
  const before = readdirSync(path("."));
  const { status, stdout, stderr } = await run("rotate", "a.ndjson");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(
    /^carbon-ops: [^\n]*a\.ndjson was not sealed, because [^\n]*a\.ndjson\.000002 stands [^\n]*\n$/,
  );
  expect(readdirSync(path("."))).toEqual(before);
  expect(read("a.ndjson.000002")).toBe("somebody's");
  expect((await run("append", "a.ndjson", "--note", "three")).status).toBe(0);
  expect((await run("verify", "a.ndjson")).status).toBe(0);
});

test("a ledger without a record is not sealed", async () => {
  const { run } = await shellWithLedger();
  const { status, stdout } = await run("rotate", "a.ndjson", "--json");
  expect([status, JSON.parse(stdout)]).toEqual([0, { path: "a.ndjson", segment: 1, sealed: null }]);
});

test("an append that is repeated with its id is no second record, and verifies deeply", async () => {
  const { run, write } = await shellWithLedger();
  const note = { about_seq: null, created_at: "2026-01-01T00:00:00.000Z", labels: {}, text: "one" };
  write("note.json", JSON.stringify({ ...note, kind: "note", schema_version: "1.0.0" }));
  const append = async () =>
    JSON.parse((await run("append", "a.ndjson", "note.json", "--id", "job-7", "--json")).stdout);
  const first = await append();
  expect(first).toMatchObject({ segment: 1, seq: 1, is_repeated: false });
  expect(await append()).toEqual({ ...first, is_repeated: true });
  const { status, words } = await run("verify", "a.ndjson", "--deep");
  expect([status, words]).toEqual([0, expect.stringContaining("2 lines")]);
});

test("an append that is repeated after a rotation says that it is a repeat, and in which segment the first one stands", async () => {
  const { run, write } = await shellWithLedger();
  const note = { about_seq: null, created_at: "2026-01-01T00:00:00.000Z", labels: {}, text: "one" };
  write("note.json", JSON.stringify({ ...note, kind: "note", schema_version: "1.0.0" }));
  write("other.json", JSON.stringify({ ...note, text: "two", kind: "note", schema_version: "1.0.0" }));
  const append = (file: string) => run("append", "a.ndjson", file, "--id", "job-7");
  expect((await append("note.json")).words).toContain("Appended record 1 to a.ndjson, signed");
  await run("rotate", "a.ndjson");
  expect((await append("note.json")).words).toMatch(
    /^Already there: record 1 of segment 1 of a\.ndjson has this id, so nothing was appended line hash [0-9a-f]{64} $/,
  );
  expect((await append("other.json")).stderr).toContain("(record 1 of segment 1)");
  expect((await run("append", "a.ndjson", "other.json")).words).toContain("Appended record 1 of segment 2 to a.ndjson");
});

async function twoSegments() {
  const there = await shellWithLedger();
  await there.run("append", "a.ndjson", "--note", "one");
  await there.run("rotate", "a.ndjson");
  await there.run("append", "a.ndjson", "--note", "two");
  return there;
}

test("show lists the records of all segments, with the segment of each, and those of one on request", async () => {
  const { run } = await twoSegments();
  const { words } = await run("show", "a.ndjson");
  expect(words).toMatch(/^segment seq time kind name CO2e 1 0 .* genesis .* 1 1 .* one 2 0 .* genesis .* 2 1 .* two /);
  expect(words).toContain("4 records in 2 segments, not verified");
  const first = await run("show", "a.ndjson", "--segment", "1");
  expect(first.words).toMatch(/^seq time .* one 2 records, not verified/);
});

test("show --json gives the lines of all segments as they stand, oldest first", async () => {
  const { run, read } = await twoSegments();
  const both = read("a.ndjson.000001") + read("a.ndjson");
  expect((await run("show", "a.ndjson", "--json")).stdout).toBe(both);
  expect((await run("show", "a.ndjson", "--json", "--segment", "2")).stdout).toBe(read("a.ndjson"));
});

test("show --seq is about the newest segment unless another one is named", async () => {
  const { run } = await twoSegments();
  expect((await run("show", "a.ndjson", "--seq", "1")).stdout).toMatch(/^record 1 of segment 2\n[\s\S]*"text": "two"/);
  const first = await run("show", "a.ndjson", "--seq", "1", "--segment", "1");
  expect(first.stdout).toMatch(/^record 1 of segment 1\n[\s\S]*"text": "one"/);
  const beyond = await run("show", "a.ndjson", "--seq", "1", "--segment", "3");
  expect([beyond.status, beyond.stderr]).toEqual([2, expect.stringContaining("no segment 3: its newest one is 2")]);
});

test("show reads what gzip has compressed, and refuses what is no ledger", async () => {
  const { run, write, read, path } = await shellWithLedger();
  await run("append", "a.ndjson", "--note", "one");
  writeFileSync(path("b.ndjson.gz"), gzipSync(read("a.ndjson")));
  expect((await run("show", "b.ndjson.gz", "--json")).stdout).toBe(read("a.ndjson"));
  expect((await run("show", "b.ndjson.gz")).words).toContain("2 records, not verified");
  write("c.ndjson", "no ledger\n");
  const { status, stdout, stderr } = await run("show", "c.ndjson");
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^carbon-ops: [^\n]*c\.ndjson does not begin like a ledger [^\n]*\n$/);
});

for (const argv of [["show"], ["stats"], ["export", "--csv"]] as const) {
  test(`${argv[0]} of an empty file does not speak of writing`, async () => {
    const { run, write } = await shellWithLedger();
    write("empty.ndjson", "");
    const { status, stderr } = await run(argv[0], "empty.ndjson", ...argv.slice(1));
    expect([status, stderr]).toEqual([1, expect.stringContaining("(the file is empty); name a ledger")]);
    expect(stderr).not.toContain("written");
  });
}
