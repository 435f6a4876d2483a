import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { loadOrCreateSigningKey } from "../../src/ledger/signing-key.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { installed } from "../support/installed.ts";
import { cleanEnvironment, programPath, temporaryDirectory } from "../support/program.ts";
import { recordsOf } from "./ledger-folder.ts";

/**
 * Torn bytes as a kernel leaves them: at a limit of the file size a write stores what fits, the next one fails, and the writer is
 * killed when it wants to take back what was stored. Only strace can kill it just then.
 */
const straces = installed(
  "strace",
  "that what a killed writer leaves torn is set aside is tested on bytes of our own only",
);

async function newLedger() {
  const directory = temporaryDirectory();
  const path = join(directory, "carbon.ndjson");
  const keyPath = join(directory, "ledger.key");
  const { signer, verifierKey } = await loadOrCreateSigningKey(keyPath);
  await (await Ledger.create(path, { signer })).close();
  return { path, keyPath, signer, verifierKey };
}

interface Appending {
  readonly path: string;
  readonly keyPath: string;
  /** Limit of file sizes, in blocks of 512 bytes. */
  readonly blocks: number;
  readonly note: string;
}

function appendAndDie(strace: string, appending: Appending): void {
  const watched = [appending.path, `${appending.path}.checkpoints`].flatMap((file) => ["-P", file]);
  const killing = ["-e", "trace=ftruncate", "-e", "inject=ftruncate:signal=KILL", ...watched];
  appendUnderLimit(appending, [strace, "-f", "-o", "/dev/null", ...killing]);
}

function appendUnderLimit({ path, keyPath, blocks, note }: Appending, wrapper: readonly string[] = []) {
  const program = [process.execPath, programPath, "ledger", "append", path, "--key", keyPath, "--note", note];
  return spawnSync("/bin/sh", ["-c", `ulimit -f ${blocks}; exec "$@"`, "sh", ...wrapper, ...program], {
    env: cleanEnvironment(dirname(path)),
    encoding: "utf8",
    timeout: 50_000,
  });
}

/** The bytes that the last record of a ledger says are set aside, if that is what it says. */
function setAside(path: string, reason: string): Buffer | null {
  const [repair] = recordsOf(path).filter((record) => record["reason"] === reason);
  if (repair === undefined) return null;
  const bytes = readFileSync(join(dirname(path), String(repair["file"])));
  expect(repair).toMatchObject({
    kind: "repair",
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  return bytes;
}

test("a writer that lives takes back the beginning of a line of which the rest did not fit", async () => {
  const { path, keyPath } = await newLedger();
  const whole = readFileSync(path);
  const { status, stderr } = appendUnderLimit({ path, keyPath, blocks: 4, note: "x".repeat(3000) });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining("limit on file sizes") });
  expect(readFileSync(path)).toEqual(whole);
});

test.each(straces)(
  "%s: the beginning of a line is no part of the ledger, and the next writer sets it aside",
  async (strace) => {
    const { path, keyPath, signer, verifierKey } = await newLedger();
    const whole = readFileSync(path);
    appendAndDie(strace, { path, keyPath, blocks: 4, note: "x".repeat(3000) });
    const torn = readFileSync(path).subarray(whole.length);
    expect(torn.length).toBe(4 * 512 - whole.length);
    expect(await verifyLedger(path, { keys: [verifierKey] })).toMatchObject({
      valid: true,
      lines: 1,
      tornTail: { offset: whole.length, bytes: torn.length },
    });
    await (await Ledger.open(path, { signer })).close();
    expect(setAside(path, "torn_tail")).toEqual(torn);
    expect(await verifyLedger(path, { keys: [verifierKey] })).toMatchObject({ valid: true, lines: 2, tornTail: null });
  },
);

test.each(straces)("%s: the beginning of a checkpoint is set aside, and its line is signed", async (strace) => {
  const { path, keyPath, signer, verifierKey } = await newLedger();
  const historyLength = (): number => statSync(`${path}.checkpoints`).size;
  const ledger = await Ledger.open(path, { signer });
  // Until the next checkpoint does not fit into the block; the ledger, with its short lines, is the smaller file.
  while (historyLength() % 512 < 300 || historyLength() < 2000) await ledger.append({ kind: "t" });
  await ledger.close();
  const whole = historyLength();
  const lines = recordsOf(path).length;
  const blocks = Math.ceil(whole / 512);
  appendAndDie(strace, { path, keyPath, blocks, note: "x" });
  const torn = readFileSync(`${path}.checkpoints`).subarray(whole);
  expect(torn.length).toBe(blocks * 512 - whole);
  expect(await verifyLedger(path, { keys: [verifierKey] })).toMatchObject({ valid: true, lines: lines + 1 });
  await (await Ledger.open(path, { signer })).close();
  expect(setAside(path, "torn_checkpoint")).toEqual(torn);
  expect(await verifyLedger(path, { keys: [verifierKey] })).toMatchObject({ valid: true, unsignedLines: 0 });
});
