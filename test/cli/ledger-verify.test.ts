import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { z } from "zod";
import { runProgram } from "../../src/cli/program.ts";
import { systemClock } from "../../src/clock.ts";
import { Ledger, loadSigningKey, verifyLedger } from "../../src/ledger/index.ts";
import { carbonOps, temporaryDirectory } from "../support/program.ts";

const key = "home/.config/carbon-ops/ledger.key";

/** A folder in which ledger commands are given as at a shell. */
function shell(isTerminal = false) {
  const directory = temporaryDirectory();
  const run = async (argv: readonly string[], input: Uint8Array = new Uint8Array()) => {
    const [out, errors] = [new PassThrough(), new PassThrough()];
    let status = 0;
    await runProgram(
      ["ledger", ...argv],
      {
        stdout: out,
        stderr: Object.assign(errors, { isTTY: isTerminal }),
        stdin: Readable.from(input.length === 0 ? [] : [Buffer.from(input)]),
        environment: { HOME: join(directory, "home") },
        workingDirectory: directory,
        // A thousand times as fast as the real one, so that even a short check shows how far it has come.
        clock: { ...systemClock, monotonicNs: () => systemClock.monotonicNs() * 1000n },
        roots: { proc: "/proc", sys: "/sys", msr: "/dev/cpu" },
        onSignal: () => () => undefined,
        sendSignal: () => undefined,
        setExitCode: (code: number) => {
          status = code;
        },
      },
      "0.0.0",
    );
    out.end();
    errors.end();
    const stdout = (await out.toArray()).join("");
    return { status, stdout, text: stdout.replace(/\s+/g, " "), stderr: (await errors.toArray()).join("") };
  };
  return { directory, run, path: (name: string) => join(directory, name) };
}

/** A shell with a ledger a.ndjson of so many notes. */
async function shellWithLedger(records: number, isTerminal = false) {
  const there = shell(isTerminal);
  await there.run(["init", "a.ndjson"]);
  for (let index = 1; index <= records; index += 1) await there.run(["append", "a.ndjson", "--note", `task ${index}`]);
  return there;
}

const open = async (directory: string) =>
  await Ledger.open(join(directory, "a.ndjson"), { signer: (await loadSigningKey(join(directory, key))).signer });

const report = z.looseObject({ valid: z.boolean(), hashed_lines: z.number(), hashed_bytes: z.number() });

test("a ledger without a record is not called valid", async () => {
  const { run } = await shellWithLedger(0);
  const { status, text } = await run(["verify", "a.ndjson"]);
  expect([status, text]).toEqual([4, expect.stringContaining("It holds no record yet")]);
});

test("the verdict says how many lines and bytes were hashed anew", async () => {
  const { run, path } = await shellWithLedger(2);
  const { stdout } = await run(["verify", "a.ndjson", "--json"]);
  const { hashed_lines: lines, hashed_bytes: bytes } = report.parse(JSON.parse(stdout));
  expect([lines, bytes]).toEqual([3, readFileSync(path("a.ndjson")).length]);
});

test("--state remembers the newest checkpoint, and moves forward with the ledger", async () => {
  const { run, path } = await shellWithLedger(1);
  const verify = async () => await run(["verify", "a.ndjson", "--state", "state"]);
  expect((await verify()).text).toContain("remembers this checkpoint from now on");
  expect((await verify()).text).toContain("is kept as it was");
  await run(["append", "a.ndjson", "--note", "more"]);
  expect((await verify()).status).toBe(0);
  expect(readFileSync(path("state"), "utf8")).toBe(readFileSync(path("a.ndjson.checkpoint"), "utf8"));
});

test("--state refuses a ledger that went back, and remembers what it did", async () => {
  const { run, path } = await shellWithLedger(1);
  const ends = ["", ".checkpoint", ".checkpoints"];
  for (const end of ends) copyFileSync(path(`a.ndjson${end}`), path(`old${end}`));
  await run(["append", "a.ndjson", "--note", "more"]);
  await run(["verify", "a.ndjson", "--state", "state"]);
  const before = readFileSync(path("state"));
  for (const end of ends) copyFileSync(path(`old${end}`), path(`a.ndjson${end}`));
  const { status, text } = await run(["verify", "a.ndjson", "--state", "state"]);
  expect([status, text]).toEqual([1, expect.stringContaining("does not go on from it")]);
  expect(readFileSync(path("state"))).toEqual(before);
});

test("nothing is remembered where nobody knows who wrote it", async () => {
  const { path } = await shellWithLedger(1);
  const stranger = shell();
  for (const end of ["", ".checkpoint", ".checkpoints"]) copyFileSync(path(`a.ndjson${end}`), stranger.path(`b${end}`));
  const { status } = await stranger.run(["verify", "b", "--state", "state"]);
  expect([status, existsSync(stranger.path("state"))]).toEqual([4, false]);
});

test("--deep names a record that does not fit its schema, although its author has signed it", async () => {
  const { run, directory } = await shellWithLedger(1);
  const ledger = await open(directory);
  await ledger.append({ kind: "note", text: "no more than this" });
  await ledger.append({ kind: "of somebody's own", text: "without a schema" });
  await ledger.close();
  expect((await run(["verify", "a.ndjson"])).status).toBe(0);
  const { status, text } = await run(["verify", "a.ndjson", "--deep"]);
  expect([status, text]).toEqual([1, expect.stringMatching(/Line 3 \(seq 2\).*does not fit its schema/)]);
});

test("a ledger of several segments is verified with all of them, and the file of a bad line is named", async () => {
  const { run, directory, path } = await shellWithLedger(1);
  const ledger = await open(directory);
  for (const text of ["two", "three"]) {
    await ledger.rotate();
    await ledger.append({ kind: "test", text });
  }
  await ledger.close();
  const whole = await run(["verify", "a.ndjson"]);
  expect([whole.status, whole.text]).toEqual([0, expect.stringContaining("a.ndjson.000002: 2 lines, holds")]);
  writeFileSync(path("a.ndjson.000001"), readFileSync(path("a.ndjson.000001"), "utf8").replace("task 1", "task 7"));
  const { status, text } = await run(["verify", "a.ndjson"]);
  expect([status, text]).toEqual([1, expect.stringContaining("Line 2 (seq 1) of a.ndjson.000001")]);
});

test("a compressed ledger is verified from standard input", async () => {
  const { run, path } = await shellWithLedger(1);
  const input = gzipSync(readFileSync(path("a.ndjson")));
  const { status } = await run(["verify", "-", "--key", `${key}.pub`, "--checkpoint", "a.ndjson.checkpoint"], input);
  expect(status).toBe(0);
});

test.each([
  [true, /lines, \d+ MB/],
  [false, /^$/],
])("progress is shown on a terminal only (%s), and cleared away", async (isTerminal, shown) => {
  const { run, directory } = await shellWithLedger(1, isTerminal);
  const ledger = await open(directory);
  await Promise.all(Array.from({ length: 60 }, () => ledger.append({ kind: "test", text: "x".repeat(60_000) })));
  await ledger.close();
  const { status, stderr } = await run(["verify", "a.ndjson"]);
  expect([status, stderr]).toEqual([0, expect.stringMatching(shown)]);
});

test("--threads wants a number", async () => {
  const { run } = await shellWithLedger(1);
  expect((await run(["verify", "a.ndjson", "--threads", "none"])).stderr).toContain("is no number");
});

test("several threads find in a large ledger what one finds", async () => {
  const { directory, path } = await shellWithLedger(1);
  const ledger = await open(directory);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 70 }, () => ledger.append({ kind: "test", text: "x".repeat(60_000) })));
  }
  await ledger.close();
  const verify = async (...flags: string[]) => {
    const argv = ["ledger", "verify", "a.ndjson", "--key", `${key}.pub`, "--json", "--threads", "3", ...flags];
    const { status, stdout } = await carbonOps(argv, { cwd: directory });
    return { status, ...report.parse(JSON.parse(stdout.toString("utf8"))) };
  };
  const { root } = await verifyLedger(path("a.ndjson"));
  expect(await verify()).toMatchObject({ status: 0, valid: true, lines: 352, parsed_lines: 0, root });
  expect(await verify("--deep")).toMatchObject({ status: 0, valid: true, lines: 352, parsed_lines: 352, root });
  const bytes = readFileSync(path("a.ndjson"));
  const position = 15_000_000;
  bytes[position] = 0x79;
  writeFileSync(path("a.ndjson"), bytes);
  const line = bytes.subarray(0, position).filter((byte) => byte === 0x0a).length + 1;
  expect(await verify()).toMatchObject({ status: 1, first_bad_line: { line } });
  expect(await verify("--deep")).toMatchObject({ status: 1, first_bad_line: { line } });
});
