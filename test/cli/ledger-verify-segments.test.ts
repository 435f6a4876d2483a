import { createHash } from "node:crypto";
import { copyFileSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Ledger, loadSigningKey } from "../../src/ledger/index.ts";
import { shellIn } from "./shell.ts";

const words = (text: string): string => text.replace(/\s+/g, " ");
const ends = ["", ".checkpoint", ".checkpoints"];

/** A ledger a.ndjson of three segments, each with a genesis record and two notes. */
async function shellWithSegments() {
  const shell = shellIn();
  await shell.run("ledger", "init", "a.ndjson");
  const { signer } = await loadSigningKey(shell.path("home/.config/carbon-ops/ledger.key"));
  await using ledger = await Ledger.open(shell.path("a.ndjson"), { signer });
  for (let segment = 1; segment <= 3; segment += 1) {
    if (segment > 1) await ledger.rotate();
    for (const text of ["one", "two"]) await ledger.append({ kind: "test", text, segment });
  }
  const verify = async (...argv: string[]) => {
    const { status, stdout, stderr } = await shell.run("ledger", "verify", ...argv);
    return { status, text: words(stdout), stdout, stderr };
  };
  const compress = (name: string): void => {
    writeFileSync(shell.path(`${name}.gz`), gzipSync(readFileSync(shell.path(name))));
    rmSync(shell.path(name));
  };
  const key = (await shell.run("keys", "show")).stdout.trim();
  return { ...shell, verify, compress, signer, key };
}

test("counts are those of all segments", async () => {
  const { verify } = await shellWithSegments();
  const { status, text } = await verify("a.ndjson");
  expect([status, text]).toEqual([0, expect.stringContaining("All 9 lines of 3 segments are as they were written")]);
  expect(text).toMatch(/ lines 9 hashed \d+ bytes in 9 lines.* signed 9 lines by /);
  expect(JSON.parse((await verify("a.ndjson", "--json")).stdout)).toMatchObject({
    headline: expect.stringContaining("All 9 lines of 3 segments"),
    lines: 9,
    hashed_lines: 9,
    signed_up_to: 9,
    records: 6,
    segments: [{ lines: 3 }, { lines: 3 }, { lines: 3 }],
  });
});

test("lines that were adopted in an earlier segment are not called written by the author", async () => {
  const { verify, path, signer, run } = await shellWithSegments();
  await run("ledger", "init", "b.ndjson");
  const before = Object.fromEntries(ends.map((end) => [end, readFileSync(path(`b.ndjson${end}`))]));
  await run("ledger", "append", "b.ndjson", "--note", "found unsigned");
  for (const end of [".checkpoint", ".checkpoints"]) writeFileSync(path(`b.ndjson${end}`), before[end] ?? "");
  const ledger = await Ledger.open(path("b.ndjson"), { signer });
  await ledger.rotate();
  await ledger.append({ kind: "test" });
  await ledger.close();
  const { status, text } = await verify("b.ndjson");
  expect([status, text]).toEqual([0, expect.stringContaining("1 of them was found unsigned first")]);
  expect(text).toContain("repair b.ndjson.000001: line 3 says");
});

test.each([
  ["the newest segment", ["a.ndjson"], "a.ndjson.gz"],
  ["earlier segments", ["a.ndjson.000001", "a.ndjson.000002"], "a.ndjson"],
  ["all of them", ["a.ndjson", "a.ndjson.000001", "a.ndjson.000002"], "a.ndjson.gz"],
])("a rotated ledger is verified as a whole where gzip has compressed %s", async (_which, names, named) => {
  const { verify, compress } = await shellWithSegments();
  for (const name of names) compress(name);
  const { status, text } = await verify(named);
  expect([status, text]).toEqual([0, expect.stringContaining("All 9 lines of 3 segments")]);
});

test("a complete segment that is compressed is verified with those before it", async () => {
  const { verify, compress } = await shellWithSegments();
  compress("a.ndjson.000002");
  const { status, text } = await verify("a.ndjson.000002.gz");
  expect([status, text]).toEqual([0, expect.stringContaining("All 6 lines of 2 segments")]);
});

test("a later segment on standard input alone is not called valid, and it is said what is needed", async () => {
  const shell = await shellWithSegments();
  const input = { stdin: Readable.from([gzipSync(readFileSync(shell.path("a.ndjson")))]) };
  const { status, stdout } = await shellIn(shell.path("."), {}, {}, input).run(
    ...["ledger", "verify", "-", "--key", shell.key, "--checkpoint", "a.ndjson.checkpoint"],
  );
  expect([status, words(stdout)]).toEqual([4, expect.stringContaining("Signed, but not whole: -.")]);
  expect(words(stdout)).toContain("not checked segments 1 to 2, from which this one goes on");
});

test("a segment that is missing is named, with what to restore", async () => {
  const { verify, path } = await shellWithSegments();
  rmSync(path("a.ndjson.000001"));
  const { status, stderr } = await verify("a.ndjson");
  expect([status, stderr]).toEqual([2, expect.stringContaining("a.ndjson.000001, is missing; restore it")]);
  expect(stderr).not.toContain("ledger init");
});

test("segments behind one that does not hold are said not to have been checked", async () => {
  const { verify, path } = await shellWithSegments();
  writeFileSync(path("a.ndjson.000001"), readFileSync(path("a.ndjson.000001"), "utf8").replace("two", "owt"));
  const { status, text } = await verify("a.ndjson");
  expect([status, text]).toEqual([1, expect.stringContaining("not checked the segments behind a.ndjson.000001")]);
});

test("a state of a segment that is not there any more says that the ledger was rolled back", async () => {
  const { verify, path } = await shellWithSegments();
  expect((await verify("a.ndjson", "--state", "state")).status).toBe(0);
  for (const end of ends) renameSync(path(`a.ndjson.000002${end}`), path(`a.ndjson${end}`));
  const { status, text } = await verify("a.ndjson", "--state", "state");
  expect([status, text]).toEqual([
    1,
    expect.stringMatching(/but the remembered state does not hold: .*rolled back to before that segment began/),
  ]);
  expect(JSON.parse((await verify("a.ndjson", "--state", "state", "--json")).stdout).headline).toContain("rolled back");
});

test("a ledger that stands beside its own later state was rolled back", async () => {
  const { verify, path, run, signer } = await shellWithSegments();
  await run("ledger", "init", "b.ndjson");
  await run("ledger", "append", "b.ndjson", "--note", "one");
  for (const end of ends) copyFileSync(path(`b.ndjson${end}`), path(`old${end}`));
  const ledger = await Ledger.open(path("b.ndjson"), { signer });
  await ledger.append({ kind: "test" });
  await ledger.rotate();
  await ledger.close();
  for (const end of ends) copyFileSync(path(`old${end}`), path(`b.ndjson${end}`));
  const { status, text } = await verify("b.ndjson");
  expect([status, text]).toEqual([
    1,
    expect.stringMatching(/b\.ndjson\.000001 beside it is segment 1 too.*rolled back/),
  ]);
});

test("wherever a rotation was interrupted while it sealed a segment, all lines are still valid, and it is said what mends it", async () => {
  for (const removed of [[], [".checkpoint"], [".checkpoint", ".checkpoints"]]) {
    const { verify, path, run } = await shellWithSegments();
    for (const end of ends) linkSync(path(`a.ndjson${end}`), path(`a.ndjson.000003${end}`));
    for (const end of removed) rmSync(path(`a.ndjson${end}`));
    const { status, text } = await verify("a.ndjson");
    expect([status, text]).toEqual([0, expect.stringContaining("rotation interrupted, or going on at this moment")]);
    expect(text).toContain("`carbon-ops ledger checkpoint a.ndjson --sign`");
    expect((await run("ledger", "checkpoint", "a.ndjson", "--sign")).status).toBe(0);
    const mended = await verify("a.ndjson");
    expect([mended.status, mended.text.includes("rotation")]).toEqual([0, false]);
  }
});

test("a segment that an interrupted rotation has begun is not signed yet: exit status 4, and it is said what mends it", async () => {
  const { verify, path, run } = await shellWithSegments();
  await run("ledger", "rotate", "a.ndjson");
  for (const end of [".checkpoint", ".checkpoints"]) rmSync(path(`a.ndjson${end}`));
  const { status, text } = await verify("a.ndjson");
  expect([status, text]).toEqual([4, expect.stringContaining("a rotation was interrupted, or goes on at this moment")]);
  expect(text).toMatch(/signed 9 lines by /);
  expect((await run("ledger", "checkpoint", "a.ndjson", "--sign")).status).toBe(0);
  expect((await verify("a.ndjson")).status).toBe(0);
});

test("a segment of one line whose checkpoints were cut off after more was signed is found by what was kept", async () => {
  const { verify, path } = await shellWithSegments();
  await verify("a.ndjson", "--state", "state");
  const [first = ""] = readFileSync(path("a.ndjson"), "utf8").split("\n");
  writeFileSync(path("a.ndjson"), `${first}\n`);
  for (const end of [".checkpoint", ".checkpoints"]) rmSync(path(`a.ndjson${end}`));
  expect((await verify("a.ndjson")).status).toBe(4);
  expect((await verify("a.ndjson", "--state", "state")).status).toBe(1);
});

test("nothing can be proven from a compressed ledger, which is said", async () => {
  const { run, compress } = await shellWithSegments();
  compress("a.ndjson");
  const { status, stderr } = await run("ledger", "prove", "a.ndjson.gz", "1");
  expect([status, stderr]).toEqual([2, expect.stringContaining("uncompress it first")]);
});

test("a checkpoint of the newest segment that was kept vouches for all segments, since that one says what those were", async () => {
  const { verify, path } = await shellWithSegments();
  rmSync(path("home"), { recursive: true });
  const { status, text } = await verify("a.ndjson", "--checkpoint", "a.ndjson.checkpoint");
  expect([status, text]).toEqual([0, expect.stringContaining("All 9 lines of 3 segments are as they were written")]);
  expect(text).toContain("(vouched for by the given checkpoint)");
  expect(text).not.toContain("who wrote it");
});

test("a checkpoint of an earlier segment that was kept vouches for nothing behind it", async () => {
  const { verify, path } = await shellWithSegments();
  rmSync(path("home"), { recursive: true });
  const { status, stdout } = await verify("a.ndjson", "--checkpoint", "a.ndjson.000002.checkpoint", "--json");
  expect([status, JSON.parse(stdout)]).toMatchObject([4, { valid: true, signed_up_to: 6, unsigned_lines: 3 }]);
});

test("lines that nobody has signed in the newest segment are not vouched for by a kept checkpoint", async () => {
  const { verify, path, read, write } = await shellWithSegments();
  rmSync(path("home"), { recursive: true });
  write("kept", read("a.ndjson.checkpoint"));
  const last = read("a.ndjson").trimEnd().split("\n").at(-1) ?? "";
  const hash = createHash("sha256")
    .update(Buffer.concat([Buffer.of(0), Buffer.from(last)]))
    .digest("hex");
  write("a.ndjson", `${read("a.ndjson")}{"prev_hash":"${hash}","record":{"kind":"test"},"seq":3}\n`);
  const { status, text } = await verify("a.ndjson", "--checkpoint", "kept");
  expect([status, text]).toEqual([4, expect.stringContaining("The last 1 line is not signed")]);
});
