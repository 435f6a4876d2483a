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
    [false, true],
  ]);
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
  const first: unknown = await append();
  expect(first).toMatchObject({ seq: 1 });
  expect(await append()).toEqual(first);
  const { status, words } = await run("verify", "a.ndjson", "--deep");
  expect([status, words]).toEqual([0, expect.stringContaining("2 lines")]);
});
