import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable, Writable } from "node:stream";
import { expect, test } from "vitest";
import { z } from "zod";
import { runProgram } from "../../src/cli/program.ts";
import { systemClock } from "../../src/clock.ts";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { buildNoteRecord } from "../../src/record/note-record.ts";
import { temporaryDirectory } from "../support/program.ts";

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly stdout?: Writable;
}

/** A folder with a home of its own, in which commands are given as at a shell. */
function shell(directory = temporaryDirectory()) {
  const run = async (
    argv: readonly string[],
    { input = "", environment, stdout }: Surroundings = {},
  ): Promise<Outcome> => {
    const out = new PassThrough();
    const errors = new PassThrough();
    let status = 0;
    const context = {
      stdout: stdout ?? out,
      stderr: errors,
      stdin: Readable.from(input === "" ? [] : [Buffer.from(input)]),
      environment: environment ?? { HOME: join(directory, "home") },
      workingDirectory: directory,
      clock: systemClock,
      roots: { proc: "/proc", sys: "/sys", msr: "/dev/cpu" },
      onSignal: () => () => undefined,
      sendSignal: () => undefined,
      setExitCode: (code: number) => {
        status = code;
      },
    };
    await runProgram(["ledger", ...argv], context, "0.0.0");
    out.end();
    errors.end();
    return { status, stdout: (await out.toArray()).join(""), stderr: (await errors.toArray()).join("") };
  };
  return { directory, run, path: (name: string) => join(directory, name) };
}

const time = "2026-01-01T00:00:00.000Z";

/** The JSON text of a note, the smallest record that has a schema, with some members changed. */
const note = (members: object = {}): string => JSON.stringify({ ...buildNoteRecord("hello", time), ...members });

/** A shell with a ledger a.ndjson of so many records, signed with the user's own key. */
async function shellWithLedger(records: number) {
  const there = shell();
  await there.run(["init", "a.ndjson"]);
  for (let index = 1; index <= records; index += 1) await there.run(["append", "a.ndjson", "--note", `task ${index}`]);
  return there;
}

const verification = z.looseObject({
  valid: z.boolean(),
  lines: z.number(),
  first_bad_line: z.looseObject({ line: z.number(), seq: z.number(), reason: z.string() }).nullable(),
  unsigned_lines: z.number(),
  signed_by: z.string().nullable(),
  key_origin: z.string().nullable(),
});

/** Output for people without the line breaks that the width of a terminal asks for. */
const unwrapped = (text: string): string => text.replace(/\s+/g, " ");

const verified = (stdout: string) => verification.parse(JSON.parse(stdout));

test("a ledger is created with the user's own key, which is made when it is first needed", async () => {
  const { run, path } = shell();
  const { status, stdout } = await run(["init", "a.ndjson"]);
  expect(status).toBe(0);
  expect(unwrapped(stdout)).toContain("Created a.ndjson");
  expect(unwrapped(stdout)).toContain(readFileSync(path("home/.config/carbon-ops/ledger.key.pub"), "utf8").trim());
});

test("XDG_CONFIG_HOME says where the user's own key is", async () => {
  const { run, path } = shell();
  await run(["init", "a.ndjson"], { environment: { HOME: "/nowhere", XDG_CONFIG_HOME: path("config") } });
  expect(existsSync(path("config/carbon-ops/ledger.key"))).toBe(true);
});

test("--key wins over the environment's key file", async () => {
  const { run, path } = shell();
  const environment = { HOME: path("home"), CARBON_OPS_LEDGER_KEY: path("environment.key") };
  await run(["init", "a.ndjson", "--key", "flag.key"], { environment });
  await run(["init", "b.ndjson"], { environment });
  expect([existsSync(path("flag.key")), existsSync(path("environment.key")), existsSync(path("home"))]).toEqual([
    true,
    true,
    false,
  ]);
});

test("init does not touch a file that is there", async () => {
  const { run, path } = shell();
  writeFileSync(path("a.ndjson"), "mine\n");
  const { status, stderr } = await run(["init", "a.ndjson"]);
  expect([status, readFileSync(path("a.ndjson"), "utf8")]).toEqual([2, "mine\n"]);
  expect(stderr).toContain("exists already");
});

test("an init that is refused leaves no key behind", async () => {
  const { run, path } = shell();
  writeFileSync(path("a.ndjson"), "mine\n");
  await run(["init", "a.ndjson", "--key", "new.key"]);
  expect([existsSync(path("new.key")), existsSync(path("new.key.pub"))]).toEqual([false, false]);
});

test("beside a checkpoint of a lost ledger init writes nothing, makes no key, and says what stands in the way", async () => {
  const { run, path } = shell();
  writeFileSync(path("a.ndjson.checkpoint"), "kept\n");
  const { status, stderr } = await run(["init", "a.ndjson", "--key", "new.key"]);
  expect(stderr).toMatch(
    /^carbon-ops: [^\n]*a\.ndjson was not created, because a\.ndjson\.checkpoint of an earlier [^\n]*\n$/,
  );
  expect(status).toBe(2);
  expect(["a.ndjson", "new.key"].map((name) => existsSync(path(name)))).toEqual([false, false]);
});

test("init gives the command to verify with, as a shell takes it", async () => {
  const { run } = shell();
  expect((await run(["init", "my ledger.ndjson"])).stdout).toContain("ledger verify 'my ledger.ndjson' --key");
});

test("without a home the words name no flag that the command does not have", async () => {
  const { run } = shell();
  const { status, stderr } = await run(["init", "a.ndjson"], { environment: { HOME: "" } });
  expect([status, stderr]).toEqual([2, expect.stringContaining("CARBON_OPS_LEDGER_KEY")]);
  expect(stderr).not.toContain("--ledger-key");
});

test("a record is appended from standard input or from a file, and its number is said", async () => {
  const { run, path } = await shellWithLedger(0);
  writeFileSync(path("record.json"), JSON.stringify(JSON.parse(note({ about_seq: 1 })), null, 4));
  expect((await run(["append", "a.ndjson"], { input: note() })).stdout).toContain("Appended record 1 to a.ndjson");
  expect((await run(["append", "a.ndjson", "-"], { input: note() })).stdout).toContain("record 2");
  expect((await run(["append", "a.ndjson", "record.json"])).stdout).toContain("record 3");
  expect(readFileSync(path("a.ndjson"), "utf8")).toContain('"record":{"about_seq":1,"created_at":');
});

test("append --json gives number and hash of the line", async () => {
  const { run, path } = await shellWithLedger(0);
  const { stdout } = await run(["append", "a.ndjson", "--json"], { input: note() });
  const line = readFileSync(path("a.ndjson"), "utf8").split("\n")[1] ?? "";
  const lineHash = createHash("sha256").update("\0").update(line).digest("hex");
  expect(JSON.parse(stdout)).toEqual({ path: "a.ndjson", segment: 1, is_repeated: false, seq: 1, line_hash: lineHash });
});

test.each([
  ["nothing", "", "is empty"],
  ["no JSON", "{kind: 1}", "is not one JSON object"],
  ["two objects", `${note()}\n${note()}`, "is not one JSON object"],
  ["an array", "[1]", "is not an object"],
  ["no kind", '{"a":1}', '"kind"'],
  ["a kind that has no schema", '{"kind":"genesis"}', '"genesis"'],
  ["a member that its schema does not know", note({ more: 1 }), "schema"],
  ["a name twice", '{"kind":"note","labels":{"b":"1","b":"2"}}', "same name"],
  ["a number that JSON readers would round", '{"kind":"note","about_seq":9007199254740993}', "2^53"],
  ["a number that overflows", '{"kind":"note","about_seq":1e400}', "Infinity"],
  ["half a surrogate pair", '{"kind":"note","text":"\\ud800"}', "surrogate"],
  ["too much", note({ text: "x".repeat(70_000) }), "room for"],
  ["far too much", "x".repeat(2 << 20), "too long"],
])("a record with %s is refused in words, and nothing is written", async (_what, input, words) => {
  const { run, path } = await shellWithLedger(0);
  const before = readFileSync(path("a.ndjson"));
  const { status, stderr } = await run(["append", "a.ndjson"], { input });
  expect(stderr).toContain(words);
  expect([status, readFileSync(path("a.ndjson"))]).toEqual([2, before]);
});

test("a string may hold colons, quotes and backslashes", async () => {
  const { run } = await shellWithLedger(0);
  const input = note({ text: 'a: "b": \\', labels: { "c:d": "\\", '"': ":" } });
  expect((await run(["append", "a.ndjson"], { input })).status).toBe(0);
});

test("an untouched ledger is valid under the user's own key, and the output says whose key it was", async () => {
  const { run } = await shellWithLedger(2);
  const { status, stdout } = await run(["verify", "a.ndjson"]);
  expect(status).toBe(0);
  expect(unwrapped(stdout)).toContain("Valid: a.ndjson. All 3 lines");
  expect(unwrapped(stdout)).toContain("your own key");
});

test("a key may be given as text, as a .pub file and as the private key file", async () => {
  const { run, path } = await shellWithLedger(1);
  const keyFile = path("home/.config/carbon-ops/ledger.key");
  const environment = {};
  for (const key of [readFileSync(`${keyFile}.pub`, "utf8").trim(), `${keyFile}.pub`, keyFile]) {
    const { status, stdout } = await run(["verify", "a.ndjson", "--key", key, "--json"], { environment });
    expect([status, verified(stdout).key_origin]).toEqual([0, "given with --key"]);
  }
});

test("a touched line is named, and the exit status is 1", async () => {
  const { run, path } = await shellWithLedger(3);
  writeFileSync(path("a.ndjson"), readFileSync(path("a.ndjson"), "utf8").replace("task 2", "task 9"));
  const { status, stdout } = await run(["verify", "a.ndjson"]);
  expect(status).toBe(1);
  expect(unwrapped(stdout)).toContain("NOT VALID: a.ndjson. Line 3 (seq 2)");
  const json = await run(["verify", "a.ndjson", "--json"]);
  expect([json.status, verified(json.stdout)]).toMatchObject([
    1,
    { valid: false, first_bad_line: { line: 3, seq: 2 } },
  ]);
});

test("without a key of one's own the chain is checked, and the exit status is 4", async () => {
  const { run } = await shellWithLedger(1);
  const { status, stdout } = await run(["verify", "a.ndjson"], { environment: {} });
  expect(status).toBe(4);
  expect(unwrapped(stdout)).toContain("no trusted key shows who wrote them");
  expect(stdout).toMatch(/not checked\s+who wrote it/);
});

test("a key of one's own that cannot be used is said, with the reason", async () => {
  const { run, path } = await shellWithLedger(1);
  chmodSync(path("home/.config/carbon-ops/ledger.key"), 0o644);
  const { status, stdout } = await run(["verify", "a.ndjson"]);
  expect([status, unwrapped(stdout)]).toEqual([
    4,
    expect.stringMatching(/your key not used: .* may be read by others/),
  ]);
  const json = await run(["verify", "a.ndjson", "--json"]);
  expect(JSON.parse(json.stdout)).toMatchObject({ unused_key: expect.stringContaining("chmod 600"), key_origin: null });
});

test("a line that was found unsigned and signed later is told apart in the verdict", async () => {
  const { run, path } = await shellWithLedger(1);
  const older = [".checkpoint", ".checkpoints"].map((end) => [end, readFileSync(path(`a.ndjson${end}`))] as const);
  await run(["append", "a.ndjson", "--note", "unsigned"]);
  for (const [end, content] of older) writeFileSync(path(`a.ndjson${end}`), content);
  await run(["append", "a.ndjson", "--note", "next"]);
  const { status, stdout } = await run(["verify", "a.ndjson"]);
  expect([status, unwrapped(stdout)]).toEqual([0, expect.stringContaining("1 of them was found unsigned first")]);
  expect(unwrapped(stdout)).toContain("repair line 4 says that line 3 was found without a signature");
  expect(JSON.parse((await run(["verify", "a.ndjson", "--json"])).stdout)).toMatchObject({
    adopted_lines: 1,
    repairs: [{ line: 4, adopted: { first_line: 3, last_line: 3 } }],
  });
});

test("a ledger of one line is spoken of in the singular", async () => {
  const { run } = await shellWithLedger(0);
  expect(unwrapped((await run(["verify", "a.ndjson"])).stdout)).toContain("Its only line is as it was written");
  expect((await run(["show", "a.ndjson"])).stdout).toContain("\n1 record, not verified");
});

const notSmallFiles: readonly (readonly [string, string])[] = [
  ["a named pipe", "pipe"],
  ["a device without an end", "/dev/zero"],
  ["a directory", "."],
  ["a long file", "long"],
];

for (const flag of ["--key", "--checkpoint"]) {
  test.each(notSmallFiles)(`verify ${flag} with %s ends at once, in words, with exit status 2`, async (_what, name) => {
    const { run, path } = await shellWithLedger(0);
    execFileSync("/bin/sh", ["-c", 'mkfifo "$1"', "sh", path("pipe")]);
    writeFileSync(path("long"), "x".repeat(100_000));
    const { status, stderr } = await run(["verify", "a.ndjson", flag, name]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/it is (not a regular file|longer than)/)]);
  });
}

test("a file that is no ledger is refused in the same words by append and by whatever opens it", async () => {
  const { run, path } = await shellWithLedger(0);
  const { signer } = await loadOrCreateSigningKey(path("home/.config/carbon-ops/ledger.key"));
  for (const content of ["", '{"a":1}', '{"a":1}\n']) {
    writeFileSync(path("other.json"), content);
    const { stderr } = await run(["append", "other.json", "--note", "x"]);
    const opened = await Ledger.open(path("other.json"), { signer }).catch((error: unknown) => String(error));
    const [words = ""] = /does not begin like a ledger .*/.exec(stderr) ?? [];
    expect(words).toMatch(/\(.+\), so nothing was written; name a ledger/);
    expect(opened).toContain(words);
  }
});

test("a key of one's own that has nothing to do with the ledger proves nothing about it", async () => {
  const { run, path } = await shellWithLedger(1);
  const environment = { HOME: path("other") };
  await run(["init", "b.ndjson"], { environment });
  expect((await run(["verify", "a.ndjson"], { environment })).status).toBe(4);
});

test("a key that was named and did not sign is a no", async () => {
  const { run } = await shellWithLedger(1);
  await run(["init", "b.ndjson", "--key", "other.key"]);
  const { status, stdout } = await run(["verify", "a.ndjson", "--key", "other.key.pub"]);
  expect(status).toBe(1);
  expect(unwrapped(stdout)).toContain("not by a key that was given");
});

test("a line that is not signed is not covered by a yes: exit status 4", async () => {
  const { run, path } = await shellWithLedger(1);
  const older = [".checkpoint", ".checkpoints"].map((end) => [end, readFileSync(path(`a.ndjson${end}`))] as const);
  await run(["append", "a.ndjson", "--note", "unsigned"]);
  for (const [end, content] of older) writeFileSync(path(`a.ndjson${end}`), content);
  const { status, stdout } = await run(["verify", "a.ndjson"]);
  expect(status).toBe(4);
  expect(unwrapped(stdout)).toContain("The last 1 line is not signed");
});

test("a touched checkpoint is told from a touched ledger", async () => {
  const { run, path } = await shellWithLedger(1);
  writeFileSync(
    path("a.ndjson.checkpoint"),
    readFileSync(path("a.ndjson.checkpoint"), "utf8").replace("\n2\n", "\n3\n"),
  );
  const { status, stdout } = await run(["verify", "a.ndjson"]);
  expect(status).toBe(1);
  expect(unwrapped(stdout)).toContain("Every line is in order, but a.ndjson.checkpoint does not hold: the signature");
  expect(unwrapped(stdout)).toContain("a.ndjson.checkpoint: the signature");
});

test("a checkpoint that was kept shows that the ledger was rolled back", async () => {
  const { run, path } = await shellWithLedger(2);
  writeFileSync(path("kept"), readFileSync(path("a.ndjson.checkpoint")));
  const lines = readFileSync(path("a.ndjson"), "utf8").split("\n");
  writeFileSync(path("a.ndjson"), `${lines.slice(0, 2).join("\n")}\n`);
  for (const end of [".checkpoint", ".checkpoints"]) rmSync(path(`a.ndjson${end}`));
  const { status, stdout } = await run(["verify", "a.ndjson", "--checkpoint", "kept"]);
  expect(status).toBe(1);
  expect(unwrapped(stdout)).toContain("Line 3 (seq 2) is the first that is not as it was written: it is missing");
});

test("a ledger may come from standard input", async () => {
  const { run, path } = await shellWithLedger(1);
  const input = readFileSync(path("a.ndjson"), "utf8");
  const { status } = await run(
    ["verify", "-", "--key", "home/.config/carbon-ops/ledger.key.pub", "--checkpoint", "a.ndjson.checkpoint"],
    { input },
  );
  expect(status).toBe(0);
});

test("an empty file is not valid", async () => {
  const { run, path } = shell();
  writeFileSync(path("empty"), "");
  const { status, stdout } = await run(["verify", "empty"]);
  expect(status).toBe(1);
  expect(unwrapped(stdout)).toContain("the file is empty");
});

const notLedgers: readonly (readonly [string, string, (path: string) => void, string])[] = [
  ["a missing file", "x", () => undefined, "There is no file"],
  ["a directory", "x", (path) => mkdirSync(path), "is a directory"],
  ["a named pipe", "x", (path) => execFileSync("/bin/sh", ["-c", 'mkfifo "$1"', "sh", path]), "is a named pipe"],
  ["a symbolic link", "x", (path) => symlinkSync("elsewhere", path), "is a symbolic link"],
  ["a device", "/dev/null", () => undefined, "is a device"],
];

for (const argv of [["verify"], ["show"], ["append"]]) {
  test.each(notLedgers)(
    `ledger ${argv.join(" ")} of %s ends at once, in words, with exit status 2`,
    async (_what, name, make, words) => {
      const { run, path } = shell();
      if (name === "x") make(path(name));
      const { status, stderr } = await run([...argv, name], { input: note() });
      expect(stderr).toContain(words);
      expect(status).toBe(2);
    },
  );
}

/** Runs something as a user who owns nothing; whoever is not root is such a user for files of mode 000. */
async function withoutRights<Result>(run: () => Promise<Result>): Promise<Result> {
  if (process.geteuid?.() !== 0) return await run();
  process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

test("a ledger that may not be read is reported so, and one that may be read is verified", async () => {
  const { run, path, directory } = await shellWithLedger(1);
  const key = readFileSync(path("home/.config/carbon-ops/ledger.key.pub"), "utf8").trim();
  chmodSync(directory, 0o755);
  chmodSync(path("a.ndjson"), 0o000);
  const unreadable = await withoutRights(() => run(["verify", "a.ndjson"]));
  expect([unreadable.status, unreadable.stderr]).toEqual([
    2,
    expect.stringContaining("cannot be read: you lack the permission"),
  ]);
  chmodSync(path("a.ndjson"), 0o444);
  const readable = await withoutRights(() => run(["verify", "a.ndjson", "--key", key]));
  expect(readable.status).toBe(0);
});

test("a ledger cannot be created where one may not write", async () => {
  const { run, path, directory } = shell();
  chmodSync(directory, 0o777);
  mkdirSync(path("closed"), { mode: 0o555 });
  await withoutRights(() => run(["init", "a.ndjson"]));
  const { status, stderr } = await withoutRights(() => run(["init", "closed/a.ndjson"]));
  expect([status, stderr]).toEqual([2, expect.stringContaining("you may not write there")]);
});

test("show lists number, time, kind, name and grams, and says that it has verified nothing", async () => {
  const { run, path } = await shellWithLedger(1);
  const { signer } = await loadOrCreateSigningKey(path("home/.config/carbon-ops/ledger.key"));
  const ledger = await Ledger.open(path("a.ndjson"), { signer });
  await ledger.append({ kind: "carbon_estimate", end_ts: time, name: "training", grams: 12.34 });
  await ledger.close();
  const { stdout } = await run(["show", "a.ndjson"]);
  expect(stdout).toMatch(/^seq {2}time +kind +name +CO2e\n/);
  expect(stdout).toMatch(/\n {2}2 {2}2026-01-01T00:00:00.000Z +carbon_estimate +training +12.3 g\n/);
  expect(unwrapped(stdout)).toContain("3 records, not verified");
});

test("show --limit shows the last records, --seq one of them in full", async () => {
  const { run } = await shellWithLedger(3);
  const limited = await run(["show", "a.ndjson", "--limit", "1"]);
  expect(limited.stdout).toContain("task 3");
  expect(limited.stdout).not.toContain("task 2");
  expect((await run(["show", "a.ndjson", "--seq", "2"])).stdout).toContain('"text": "task 2"');
  const beyond = await run(["show", "a.ndjson", "--seq", "9"]);
  expect([beyond.status, beyond.stderr]).toEqual([2, expect.stringContaining("its last one is 3")]);
});

test("show --json prints the lines byte for byte", async () => {
  const { run, path } = await shellWithLedger(3);
  expect((await run(["show", "a.ndjson", "--json"])).stdout).toBe(readFileSync(path("a.ndjson"), "utf8"));
  const last = await run(["show", "a.ndjson", "--json", "--seq", "3"]);
  expect(last.stdout).toBe(`${readFileSync(path("a.ndjson"), "utf8").split("\n")[3]}\n`);
});

test("what a record holds cannot steer the terminal", async () => {
  const { run } = await shellWithLedger(0);
  const hostile = "\u001b]0;owned\u0007\u202e";
  await run(["append", "a.ndjson", "--note", hostile]);
  for (const argv of [
    ["show", "a.ndjson"],
    ["show", "a.ndjson", "--seq", "1"],
  ]) {
    const { stdout } = await run(argv);
    expect(
      hostile
        .split("")
        .filter((character) => stdout.includes(character))
        .join(""),
    ).toBe("]0;owned");
  }
});

test.each(["0", "-1", "1.5", "many", ""])("show refuses %j as a limit", async (limit) => {
  const { run } = await shellWithLedger(0);
  const { status, stderr } = await run(["show", "a.ndjson", `--limit=${limit}`]);
  expect([status, stderr]).toEqual([2, expect.stringContaining("whole number of at least 1")]);
});

test("a reader that goes away ends show, without an error", async () => {
  const { run } = await shellWithLedger(3);
  let written = 0;
  const closing = new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _encoding, done) {
      written += chunk.length;
      done(new Error("EPIPE"));
    },
  });
  closing.on("error", () => undefined);
  const { status, stderr } = await run(["show", "a.ndjson", "--json"], { stdout: closing });
  expect([status, stderr]).toEqual([0, ""]);
  expect(written).toBeGreaterThan(0);
});

test("without a subcommand the help is shown, with an unknown one the nearest", async () => {
  const { run } = shell();
  const bare = await run([]);
  expect([bare.status, bare.stdout]).toEqual([2, expect.stringContaining("Usage: carbon-ops ledger")]);
  const wrong = await run(["verfy", "a.ndjson"]);
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining("did you mean verify?")]);
});

test.each(["init", "append", "verify", "show"])("ledger %s --help has an example", async (name) => {
  const { status, stdout } = await shell().run([name, "--help"]);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/Examples?:/)]);
  expect(unwrapped(stdout)).toContain(`carbon-ops ledger ${name}`);
});
