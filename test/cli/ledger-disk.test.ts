import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ledger, loadOrCreateSigningKey } from "../../src/ledger/index.ts";
import { stateOfLedger } from "../support/ledger-state.ts";
import { cleanEnvironment, programPath, temporaryDirectory } from "../support/program.ts";

/** A ledger in a folder of its own, and the key that signs it in another one. */
async function ledgerWithKey() {
  const home = temporaryDirectory();
  const key = join(home, "own.key");
  const { signer, verifierKey } = await loadOrCreateSigningKey(key);
  mkdirSync(join(home, "ledgers"));
  const path = join(home, "ledgers/carbon.ndjson");
  await using ledger = await Ledger.create(path, { signer });
  await ledger.append({ kind: "test" });
  return { home, key, path, folder: join(home, "ledgers"), state: () => stateOfLedger(path, verifierKey) };
}

interface Attempt {
  readonly home: string;
  readonly key: string;
  readonly path: string;
}

/** Appends a note under a program that changes what it may do, as its last arguments. */
function appendUnder(before: readonly string[], { home, key, path }: Attempt, uid?: number) {
  const append = [process.execPath, programPath, "ledger", "append", path, "--key", key, "--note", "x".repeat(2000)];
  const [program = "", ...rest] = [...before, ...append];
  const user = uid === undefined ? {} : { uid, gid: uid };
  return spawnSync(program, rest, { cwd: "/", env: cleanEnvironment(home), encoding: "utf8", ...user });
}

const oneSentence = /^carbon-ops: [^\n]+\n$/;

test("a limit on file sizes is said in one sentence, and the ledger is as it was", async () => {
  const there = await ledgerWithKey();
  const before = readFileSync(there.path);
  const { status, stderr, stdout } = appendUnder(["prlimit", `--fsize=${before.length + 1000}`], there);
  expect(stderr).toMatch(oneSentence);
  expect(stderr).toContain("would pass the limit on file sizes, and the ledger is as it was before; raise the limit");
  expect([status, stdout]).toEqual([1, ""]);
  expect(readFileSync(there.path)).toEqual(before);
  expect(await there.state()).toEqual({ valid: true, lines: 2, unsignedLines: 0 });
});

test("a record whose place standard output does not take is stored, and that is said with its number", async () => {
  const there = await ledgerWithKey();
  const { status, stderr } = appendUnder(["sh", "-c", 'exec "$0" "$@" >/dev/full'], there);
  expect(stderr).toMatch(/^carbon-ops: Standard output cannot be written \(.*ENOSPC.*\); send it elsewhere\.$/m);
  expect(stderr).toContain(
    `carbon-ops: Appended and signed all the same: record 2 of ${there.path}; do not append it again.\n`,
  );
  expect(status).toBe(1);
  expect(await there.state()).toEqual({ valid: true, lines: 3, unsignedLines: 0 });
});

test("a reader that went away is told nothing, and the record is stored", async () => {
  const there = await ledgerWithKey();
  const { status, stderr } = appendUnder(["sh", "-c", '{ sleep 0.2; exec "$0" "$@"; } | exec true'], there);
  expect([status, stderr]).toEqual([0, ""]);
  expect(await there.state()).toEqual({ valid: true, lines: 3, unsignedLines: 0 });
});

const isRoot = process.getuid?.() === 0;
const mayMount = isRoot && spawnSync("unshare", ["-m", "true"], { stdio: "ignore" }).status === 0;

/** Where the machine does not let a test mount, nothing is registered: ledger-places.test.ts says what stands in. */
for (const unshare of mayMount ? ["unshare"] : []) {
  test("a file system that is mounted read-only is said in one sentence, and the ledger can still be verified", async () => {
    const there = await ledgerWithKey();
    const before = readFileSync(there.path);
    const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
    const { status, stderr, stdout } = appendUnder([unshare, "-m", "sh", "-c", script, there.folder], there);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain("read-only");
    expect([status, stdout]).toEqual([2, ""]);
    expect(readFileSync(there.path)).toEqual(before);
    expect(await there.state()).toEqual({ valid: true, lines: 2, unsignedLines: 0 });
  });
}

const nobody = 65_534;

for (const uid of isRoot ? [nobody] : []) {
  test("a directory that an unprivileged writer may not write in is said in one sentence, and nothing is changed", async () => {
    const there = await ledgerWithKey();
    chmodSync(there.home, 0o755);
    chownSync(there.key, uid, uid);
    for (const name of readdirSync(there.folder)) chmodSync(join(there.folder, name), 0o666);
    chmodSync(there.folder, 0o555);
    const before = readFileSync(there.path);
    const { status, stderr, stdout } = appendUnder([], there, uid);
    expect(stderr).toMatch(oneSentence);
    expect(stderr).toContain(there.folder);
    expect([status, stdout]).toEqual([2, ""]);
    expect(readFileSync(there.path)).toEqual(before);
    expect(statSync(there.path).mode & 0o777).toBe(0o666);
    expect(await there.state()).toEqual({ valid: true, lines: 2, unsignedLines: 0 });
  });
}
