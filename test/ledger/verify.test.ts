import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { signCheckpoint } from "../../src/ledger/checkpoint.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { formatLine } from "../../src/ledger/line.ts";
import { leafHash } from "../../src/ledger/merkle-tree.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { temporaryDirectory } from "../support/program.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { ledgerPath, linesOf, options, vkey, writtenLedger } from "./ledger-folder.ts";

const verify = (path: string) => verifyLedger(path, { keys: [vkey] });

/** A ledger whose records were appended at once: one checkpoint for all of them. */
async function batchLedger(count: number): Promise<string> {
  const path = ledgerPath();
  const ledger = await Ledger.create(path, options);
  await Promise.all(Array.from({ length: count }, (_, index) => ledger.append({ kind: "test", index: index + 1 })));
  await ledger.close();
  return path;
}

function write(path: string, lines: readonly string[]): void {
  writeFileSync(path, lines.map((line) => `${line}\n`).join(""));
}

/** Lines as somebody without the key would write them who knows the format: every link and number is right. */
function relinked(lines: readonly string[]): string[] {
  let prevHash = "0".repeat(64);
  return lines.map((line, seq) => {
    const text = formatLine(prevHash, JSON.stringify(JSON.parse(line).record), seq);
    prevHash = leafHash(Buffer.from(text)).toString("hex");
    return text;
  });
}

test("an untouched ledger is valid, and all of it is signed", async () => {
  const findings = await verify(await writtenLedger(3));
  expect(findings).toMatchObject({
    valid: true,
    lines: 4,
    signedUpTo: 4,
    unsignedLines: 0,
    firstBadLine: null,
    tornTail: null,
    trust: "key",
    signedBy: vkey,
  });
});

test("a ledger of its genesis record alone is valid", async () => {
  expect(await verify(await writtenLedger(0))).toMatchObject({ valid: true, lines: 1, signedUpTo: 1 });
});

// A first, a middle and a last line; `npm run bench -- ledger-tamper` does it with fifty and every value.
for (const [what, written] of [
  ["records appended one by one", () => writtenLedger(2)],
  ["records appended at once", () => batchLedger(2)],
  ["a genesis record alone", () => writtenLedger(0)],
] as const) {
  test(`whatever byte of a ledger is changed, its line is named: ${what}`, async () => {
    const path = await written();
    const bytes = readFileSync(path);
    let line = 1;
    const wrong: unknown[] = [];
    for (const [position, original] of bytes.entries()) {
      for (const value of new Set([original ^ 0x01, original ^ 0x20, 0x30, 0x0a])) {
        if (value === original) continue;
        bytes[position] = value;
        writeFileSync(path, bytes);
        const { valid, firstBadLine } = await verify(path);
        if (valid || firstBadLine?.line !== line) wrong.push({ position, value, line, firstBadLine });
      }
      bytes[position] = original;
      if (original === 0x0a) line += 1;
    }
    expect(wrong).toEqual([]);
  });
}

test("whatever line is deleted, its place is named", async () => {
  const path = await writtenLedger(4);
  const lines = linesOf(path);
  for (const index of lines.keys()) {
    write(path, lines.toSpliced(index, 1));
    expect((await verify(path)).firstBadLine?.line).toBe(index + 1);
  }
});

test("whatever lines are swapped, the first of them is named", async () => {
  const path = await writtenLedger(4);
  const lines = linesOf(path);
  for (const [first, left] of lines.entries()) {
    for (const [second, right] of lines.entries()) {
      if (second <= first) continue;
      write(path, lines.with(first, right).with(second, left));
      expect((await verify(path)).firstBadLine?.line).toBe(first + 1);
    }
  }
});

test("whatever line is written twice, its second copy is named", async () => {
  const path = await writtenLedger(4);
  const lines = linesOf(path);
  for (const [index, line] of lines.entries()) {
    write(path, lines.toSpliced(index, 0, line));
    const { valid, firstBadLine } = await verify(path);
    // Behind the last line a copy is no part of what was signed, and still out of order.
    expect([valid, firstBadLine?.line]).toEqual([false, index + 2]);
  }
});

test("wherever a ledger is cut off, the first line that is not whole any more is named", async () => {
  const path = await writtenLedger(3);
  const bytes = readFileSync(path);
  for (let length = bytes.length - 1; length >= 0; length -= 1) {
    truncateSync(path, length);
    const wholeLines = bytes.subarray(0, length).filter((byte) => byte === 0x0a).length;
    const { valid, firstBadLine } = await verify(path);
    expect([valid, firstBadLine?.line]).toEqual([false, wholeLines + 1]);
  }
});

test("a record that was rewritten together with all later links is found by the first checkpoint over it", async () => {
  const path = await writtenLedger(4);
  const lines = linesOf(path);
  write(path, relinked(lines.map((line) => line.replace('"index":2', '"index":9'))));
  expect((await verify(path)).firstBadLine).toMatchObject({ line: 3, earliestLine: 3 });
});

test("where one checkpoint covers several lines, a rewrite names the last of them, and the earliest that may be false", async () => {
  const path = await batchLedger(4);
  const lines = linesOf(path);
  write(path, relinked(lines.map((line) => line.replace('"index":2', '"index":9'))));
  expect((await verify(path)).firstBadLine).toMatchObject({ line: 5, earliestLine: 2 });
});

test("a line that somebody without the key has added well is not called signed", async () => {
  const path = await writtenLedger(2);
  const [last = "", ...earlier] = linesOf(path).reverse();
  write(path, relinked([...earlier.reverse(), last, last.replace('"index":2', '"index":3')]));
  expect(await verify(path)).toMatchObject({ valid: true, lines: 4, signedUpTo: 3, unsignedLines: 1 });
});

test("a ledger that was rewritten and signed with another key is not valid under the true one", async () => {
  const path = ledgerPath();
  const forger = signerFromSeed(66);
  const ledger = await Ledger.create(path, { signer: forger });
  await ledger.append({ kind: "test", index: 1 });
  await ledger.close();
  const findings = await verify(path);
  expect(findings).toMatchObject({ valid: false, firstBadLine: null, signedUpTo: 0, namedKey: vkeyOf(forger) });
  expect(findings.checkpoints.problems[0]?.reason).toContain("not by a key that was given");
});

test("lines that were found unsigned and signed later are named", async () => {
  const path = await writtenLedger(1);
  const [last = ""] = linesOf(path).reverse();
  const forged = formatLine(leafHash(Buffer.from(last)).toString("hex"), '{"index":9,"kind":"test"}', 2);
  writeFileSync(path, `${forged}\n`, { flag: "a" });
  await (await Ledger.open(path, options)).close();
  expect(await verify(path)).toMatchObject({
    valid: true,
    lines: 4,
    unsignedLines: 0,
    adoptedLines: 1,
    repairCount: 1,
    repairs: [{ line: 4, seq: 3, reason: "unsigned_lines", adopted: { firstLine: 3, lastLine: 3 } }],
  });
});

test("a torn tail that was set aside is named", async () => {
  const path = await writtenLedger(1);
  const { length } = readFileSync(path);
  writeFileSync(path, "torn", { flag: "a" });
  await (await Ledger.open(path, options)).close();
  expect(await verify(path)).toMatchObject({
    adoptedLines: 0,
    repairs: [{ line: 3, reason: "torn_tail", adopted: null, file: `carbon.ndjson.torn-${length}`, bytes: 4 }],
  });
});

test("a ledger that is being written is judged at a moment at which all of it was signed", async () => {
  const path = await writtenLedger(1);
  await using ledger = await Ledger.open(path, options);
  const done = new AbortController();
  const writing = (async () => {
    while (!done.signal.aborted) await ledger.append({ kind: "test" });
  })();
  for (let round = 0; round < 10; round += 1) {
    expect(await verify(path)).toMatchObject({ valid: true, unsignedLines: 0, trust: "key" });
  }
  done.abort();
  await writing;
});

test("a line whose checkpoint comes a moment later is waited for", async () => {
  const path = await writtenLedger(1);
  const ends = [".checkpoint", ".checkpoints"];
  const older = ends.map((end) => readFileSync(path + end));
  const ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test" });
  await ledger.close();
  const newer = ends.map((end) => readFileSync(path + end));
  const put = (contents: readonly Buffer[]): void => {
    for (const [index, end] of ends.entries()) writeFileSync(path + end, contents[index] ?? "");
  };
  put(older);
  const verifying = verify(path);
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  put(newer);
  expect(await verifying).toMatchObject({ valid: true, lines: 3, unsignedLines: 0 });
});

test("bytes at the end of the history that no crash leaves are blamed, also while a line waits for its checkpoint", async () => {
  const path = await writtenLedger(1);
  const [last = ""] = linesOf(path).reverse();
  writeFileSync(path, `${formatLine(leafHash(Buffer.from(last)).toString("hex"), '{"kind":"test"}', 2)}\n`, {
    flag: "a",
  });
  writeFileSync(`${path}.checkpoints`, "garbage", { flag: "a" });
  const { valid, checkpoints } = await verify(path);
  expect([valid, checkpoints.problems]).toEqual([
    false,
    [{ file: "carbon.ndjson.checkpoints", reason: "it ends in bytes that are no checkpoint" }],
  ]);
});

test("an empty file is not valid", async () => {
  const path = ledgerPath();
  writeFileSync(path, "");
  expect(await verify(path)).toMatchObject({
    valid: false,
    lines: 0,
    firstBadLine: { line: 1, reason: "the file is empty" },
  });
});

test("bytes after the last line are reported apart from tampering, as long as no line is missing", async () => {
  const path = await writtenLedger(2);
  const { length } = readFileSync(path);
  writeFileSync(path, '{"prev_hash":"12', { flag: "a" });
  expect(await verify(path)).toMatchObject({ valid: true, lines: 3, tornTail: { offset: length, bytes: 16 } });
});

test("a line that is longer than a line may be is named, and not kept in memory", async () => {
  const path = await writtenLedger(1);
  const lines = linesOf(path);
  write(path, [...lines, "x".repeat(3 << 20), "y"]);
  expect((await verify(path)).firstBadLine).toMatchObject({
    line: 3,
    reason: expect.stringContaining("longer than 65535"),
  });
});

test("a second genesis record is no way to start anew", async () => {
  const path = await writtenLedger(1);
  const [genesis = "", ...others] = linesOf(path);
  write(path, relinked([genesis, ...others, genesis]));
  expect((await verify(path)).firstBadLine).toMatchObject({
    line: 3,
    reason: expect.stringContaining("second genesis"),
  });
});

test("numbers that another program would read in another way are not canonical, although every hash is right", async () => {
  const path = await writtenLedger(1);
  const [genesis = ""] = linesOf(path);
  const prevHash = leafHash(Buffer.from(genesis)).toString("hex");
  write(path, [genesis, formatLine(prevHash, '{"kind":"test","n":1.0}', 1)]);
  expect((await verify(path)).firstBadLine).toMatchObject({ line: 2, reason: expect.stringContaining("canonical") });
});

test("whatever byte of the latest checkpoint is changed, the checkpoint is blamed and not the ledger", async () => {
  const path = await writtenLedger(2);
  const checkpoint = `${path}.checkpoint`;
  const bytes = readFileSync(checkpoint);
  const wrong: unknown[] = [];
  for (const [position, original] of bytes.entries()) {
    for (const value of [original ^ 0x01, 0x0a, 0xff]) {
      if (value === original) continue;
      bytes[position] = value;
      writeFileSync(checkpoint, bytes);
      const { valid, firstBadLine, checkpoints } = await verify(path);
      const blamed = checkpoints.problems.map(({ file }) => file);
      if (valid || firstBadLine !== null || blamed[0] !== "carbon.ndjson.checkpoint")
        wrong.push({ position, value, blamed });
    }
    bytes[position] = original;
  }
  expect(wrong).toEqual([]);
});

test("whatever byte of the history is changed, the history is blamed and not the ledger", async () => {
  const path = await writtenLedger(2);
  const history = `${path}.checkpoints`;
  const bytes = readFileSync(history);
  const wrong: unknown[] = [];
  for (const [position, original] of bytes.entries()) {
    for (const value of [original ^ 0x01, 0x0a]) {
      if (value === original) continue;
      bytes[position] = value;
      writeFileSync(history, bytes);
      const { valid, firstBadLine, checkpoints } = await verify(path);
      const blamed = checkpoints.problems.map(({ file }) => file);
      if (valid || firstBadLine !== null || blamed[0] !== "carbon.ndjson.checkpoints")
        wrong.push({ position, value, blamed });
    }
    bytes[position] = original;
  }
  expect(wrong).toEqual([]);
});

test("a ledger that was rolled back together with its checkpoint is found through the history", async () => {
  const path = await writtenLedger(1);
  copyFileSync(path, `${path}.old`);
  copyFileSync(`${path}.checkpoint`, `${path}.checkpoint.old`);
  const ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test", index: 2 });
  await ledger.close();
  copyFileSync(`${path}.old`, path);
  copyFileSync(`${path}.checkpoint.old`, `${path}.checkpoint`);
  expect(await verify(path)).toMatchObject({
    valid: false,
    firstBadLine: { line: 3, reason: expect.stringContaining("missing") },
  });
});

test("a ledger that was rolled back with everything beside it is found by the checkpoint that an auditor kept", async () => {
  const path = await writtenLedger(3);
  const kept = readFileSync(`${path}.checkpoint`);
  const rolledBack = await writtenLedger(0);
  copyFileSync(path, rolledBack);
  write(rolledBack, linesOf(path).slice(0, 2));
  rmSync(`${rolledBack}.checkpoint`);
  rmSync(`${rolledBack}.checkpoints`);
  const findings = await verifyLedger(rolledBack, { keys: [vkey], checkpoint: kept });
  expect(findings).toMatchObject({
    valid: false,
    firstBadLine: { line: 3, reason: "it is missing: a signed checkpoint covers 4 lines" },
  });
});

test("a checkpoint of another ledger of the same key is not taken for this one's", async () => {
  const path = await writtenLedger(1);
  copyFileSync(`${await writtenLedger(1)}.checkpoint`, `${path}.checkpoint`);
  const { valid, firstBadLine, checkpoints } = await verify(path);
  expect([valid, firstBadLine]).toEqual([false, null]);
  expect(checkpoints.problems[0]).toMatchObject({ reason: expect.stringContaining("another ledger") });
});

test("without any checkpoint a given key vouches for nothing", async () => {
  const path = await writtenLedger(1);
  rmSync(`${path}.checkpoint`);
  rmSync(`${path}.checkpoints`);
  expect(await verify(path)).toMatchObject({ valid: false, firstBadLine: null, trust: "none", signedBy: null });
});

test("the history alone is enough to verify with", async () => {
  const path = await writtenLedger(2);
  rmSync(`${path}.checkpoint`);
  expect(await verify(path)).toMatchObject({ valid: true, signedUpTo: 3 });
});

test("without a key the chain holds, and nobody is said to have signed", async () => {
  expect(await verifyLedger(await writtenLedger(2))).toMatchObject({
    valid: true,
    lines: 3,
    trust: "none",
    signedUpTo: 0,
    signedBy: null,
    namedKey: vkey,
    notChecked: [expect.stringContaining("who wrote it"), expect.stringContaining("--deep")],
  });
});

test("without a key a changed last line is still found, as it does not fit the checkpoint beside it", async () => {
  const path = await writtenLedger(2);
  writeFileSync(path, readFileSync(path, "utf8").replace('"index":2', '"index":3'));
  expect((await verifyLedger(path)).firstBadLine?.line).toBe(3);
});

test("a checkpoint that was kept vouches for the key that the ledger names", async () => {
  const path = await writtenLedger(2);
  const findings = await verifyLedger(path, { checkpoint: readFileSync(`${path}.checkpoint`) });
  expect(findings).toMatchObject({ valid: true, trust: "checkpoint", signedUpTo: 3, signedBy: vkey });
});

test("a checkpoint that was kept and then changed vouches for nothing", async () => {
  const path = await writtenLedger(2);
  const changed = readFileSync(`${path}.checkpoint`, "utf8").replace("\n3\n", "\n2\n");
  const findings = await verifyLedger(path, { checkpoint: Buffer.from(changed) });
  expect(findings).toMatchObject({ valid: false, trust: "none" });
  expect(findings.checkpoints.problems[0]?.file).toBe("the given checkpoint");
});

test("a ledger may come as a stream, cut into pieces of any length", async () => {
  const path = await writtenLedger(3);
  const bytes = readFileSync(path);
  const checkpoint = readFileSync(`${path}.checkpoint`);
  for (const length of [1, 7, 100, bytes.length]) {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
    }
    expect(await verifyLedger(pieces(), { keys: [vkey], checkpoint })).toMatchObject({ valid: true, signedUpTo: 4 });
  }
});

test("a checkpoint whose signature is right and whose size runs ahead means that lines are missing", async () => {
  const path = await writtenLedger(1);
  const origin = readFileSync(`${path}.checkpoint`, "utf8").split("\n", 1)[0] ?? "";
  const ahead = await signCheckpoint({ origin, size: 2 ** 40, root: Buffer.alloc(32) }, options.signer);
  const findings = await verifyLedger(path, { keys: [vkey], checkpoint: Buffer.from(ahead) });
  expect(findings.firstBadLine).toMatchObject({
    line: 3,
    reason: `it is missing: a signed checkpoint covers ${2 ** 40} lines`,
  });
});

const notLedgers: readonly (readonly [string, () => string, string])[] = [
  ["a missing file", () => join(temporaryDirectory(), "none"), "LEDGER_NOT_FOUND"],
  ["a directory", () => temporaryDirectory(), "LEDGER_NOT_A_FILE"],
  ["a device", () => "/dev/null", "LEDGER_NOT_A_FILE"],
  ["a symbolic link", linkToNowhere, "LEDGER_NOT_A_FILE"],
];

test.each(notLedgers)("%s cannot be verified", async (_what, path, code) => {
  await expect(verify(path())).rejects.toMatchObject({ code });
});

function linkToNowhere(): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "target"));
  symlinkSync(join(directory, "target"), join(directory, "link"));
  return join(directory, "link");
}

test("a key that is none is refused before anything is read", async () => {
  await expect(verifyLedger("/nowhere", { keys: ["nonsense"] })).rejects.toMatchObject({ code: "KEY_INVALID" });
});

test("verifying writes nothing", async () => {
  const path = await writtenLedger(1);
  rmSync(`${path}.lock`);
  await verify(path);
  expect(existsSync(`${path}.lock`)).toBe(false);
});
