import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { cosignatureLine, witnessKey } from "../ledger/witness.ts";
import { shellIn } from "./shell.ts";

/** A ledger of a genesis record and three notes. */
async function shellWithLedger() {
  const shell = shellIn();
  await shell.run("ledger", "init", "a.ndjson");
  for (const text of ["one", "two", "three"]) await shell.run("ledger", "append", "a.ndjson", "--note", text);
  const key = (await shell.run("keys", "show")).stdout.trim();
  return { ...shell, key };
}

test("a record is proven to somebody who has neither the ledger nor the private key", async () => {
  const { run, key, path } = await shellWithLedger();
  expect(await run("ledger", "prove", "a.ndjson", "2", "-o", "two.tlog-proof")).toMatchObject({ status: 0 });
  rmSync(path("a.ndjson"));
  rmSync(path("home"), { recursive: true });
  const checked = await run("ledger", "check-proof", "two.tlog-proof", "--key", key);
  expect(checked).toMatchObject({ status: 0, stderr: "" });
  expect(checked.stdout).toContain("Holds: record 2 of 4 signed lines");
  expect(checked.stdout).toContain('"text": "two"');
  const json = JSON.parse((await run("ledger", "check-proof", "two.tlog-proof", "--key", key, "--json")).stdout);
  expect(json).toMatchObject({
    valid: true,
    seq: 2,
    record: { text: "two" },
    checkpoint: { lines: 4, signed_by: key },
  });
});

test.each([
  ["checkpoint", ["a.ndjson"], "a.ndjson", "a ledger"],
  ["prove", ["a.ndjson", "2"], "a.ndjson", "a ledger"],
  ["checkpoint", ["a.ndjson"], "k.key", "a private key"],
])("ledger %s %j -o %s is refused: no result takes the place of %s", async (action, argv, target, what) => {
  const { run, read } = await shellWithLedger();
  await run("keys", "generate", "k.key");
  const before = read(target);
  const refused = await run("ledger", action, ...argv, "-o", target);
  expect(refused).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining(`it holds ${what}`) });
  expect(read(target)).toBe(before);
});

test("a proof that was touched does not hold, with exit status 1", async () => {
  const { run, key, read, write } = await shellWithLedger();
  await run("ledger", "prove", "a.ndjson", "2", "-o", "two.tlog-proof");
  write("two.tlog-proof", read("two.tlog-proof").replace("index 2", "index 3"));
  const checked = await run("ledger", "check-proof", "two.tlog-proof", "--key", key);
  expect(checked).toMatchObject({ status: 1, stdout: expect.stringContaining("Does not hold") });
});

test("a checkpoint that was handed out shows later that the ledger only grew", async () => {
  const { run, key, read } = await shellWithLedger();
  await run("ledger", "checkpoint", "a.ndjson", "-o", "monday.checkpoint");
  expect(read("monday.checkpoint")).toBe(read("a.ndjson.checkpoint"));
  await run("ledger", "append", "a.ndjson", "--note", "four");
  await run("ledger", "prove", "a.ndjson", "--from", "monday.checkpoint", "-o", "growth.proof");
  const check = ["ledger", "check-proof", "growth.proof", "--from", "monday.checkpoint", "--key", key];
  expect(await run(...check)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("5 lines begin with those 4"),
  });
});

test("the checkpoint is printed as it is, or what it says as JSON", async () => {
  const { run, key, read } = await shellWithLedger();
  expect((await run("ledger", "checkpoint", "a.ndjson")).stdout).toBe(read("a.ndjson.checkpoint"));
  const json = JSON.parse((await run("ledger", "checkpoint", "a.ndjson", "--json")).stdout);
  expect(json).toMatchObject({ lines: 4, signed_by: key, cosignatures: [] });
});

test("lines that no checkpoint covers are signed when that is asked for", async () => {
  const { run, read, path } = await shellWithLedger();
  rmSync(path("a.ndjson.checkpoint"));
  const unsigned = await run("ledger", "checkpoint", "a.ndjson");
  expect(unsigned).toMatchObject({ status: 4, stderr: expect.stringContaining("--sign") });
  expect(await run("ledger", "checkpoint", "a.ndjson", "--sign")).toMatchObject({
    status: 0,
    stdout: read("a.ndjson.checkpoint"),
  });
});

test("a checkpoint by another key than the one that is trusted is not handed out", async () => {
  const { run } = await shellWithLedger();
  const other = (await run("keys", "generate", "other.key", "--json")).stdout;
  const { public_key: stranger }: { public_key: string } = JSON.parse(other);
  expect(await run("ledger", "checkpoint", "a.ndjson", "--key", stranger)).toMatchObject({ status: 1, stdout: "" });
});

test("the cosignature of a witness is kept, and asked for when the ledger is verified", async () => {
  const { run, key, read, write } = await shellWithLedger();
  write("answer.txt", await cosignatureLine(Buffer.from(read("a.ndjson.checkpoint")), 1_760_000_000));
  const verify = ["ledger", "verify", "a.ndjson", "--key", key, "--witness", witnessKey];
  expect((await run(...verify)).status).toBe(4);
  const kept = await run("ledger", "cosign", "a.ndjson", "answer.txt", "--witness", witnessKey);
  expect(kept).toMatchObject({ status: 0, stdout: expect.stringContaining("2025-10-09T08:53:20.000Z") });
  expect((await run(...verify)).status).toBe(0);
});

test("a record can carry a signature of its own, which a deep look verifies", async () => {
  const { run, key, read } = await shellWithLedger();
  await run("keys", "generate", "author.key");
  await run("ledger", "append", "a.ndjson", "--note", "mine", "--record-key", "author.key");
  expect(read("a.ndjson").split("\n").at(-2)).toContain('"signing_key":"carbon-ops/key/');
  expect((await run("ledger", "verify", "a.ndjson", "--key", key, "--deep")).status).toBe(0);
});

test("what the commands cannot do, they say in a sentence", async () => {
  const { run, key } = await shellWithLedger();
  const outcomes = await Promise.all([
    run("ledger", "prove", "a.ndjson", "9"),
    run("ledger", "prove", "a.ndjson", "x"),
    run("ledger", "prove", "a.ndjson"),
    run("ledger", "prove", "a.ndjson", "1", "--from", "b"),
    run("ledger", "prove", "missing.ndjson", "1"),
    run("ledger", "check-proof", "missing", "--key", key),
    run("ledger", "check-proof", "a.ndjson.checkpoint"),
    run("ledger", "check-proof", "a.ndjson.checkpoint", "--key", "nonsense"),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([2, 2, 2, 2, 2, 2, 2, 2]);
  expect(outcomes.map(({ stderr }) => stderr.trim().split("\n").length)).not.toContain(0);
});
