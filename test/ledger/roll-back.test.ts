import { appendFileSync, copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { Ledger } from "../../src/ledger/ledger.ts";
import { formatLine, noPreviousHash, recordText } from "../../src/ledger/line.ts";
import { segmentGenesisRecord } from "../../src/ledger/own-records.ts";
import { readSegmentLines } from "../../src/ledger/read-segments.ts";
import type { VerifyProgress } from "../../src/ledger/verify.ts";
import { verifySegments } from "../../src/ledger/verify-segments.ts";
import { ledgerPath, options, vkey, writtenLedger } from "./ledger-folder.ts";

const ends = ["", ".checkpoint", ".checkpoints"];

/** A ledger of so many segments of a genesis record and a test record each; `old` of each as it was when it was begun. */
async function rotatedLedger(segments: number): Promise<string> {
  const path = ledgerPath();
  await using ledger = await Ledger.create(path, options);
  for (let segment = 1; segment <= segments; segment += 1) {
    if (segment > 1) await ledger.rotate();
    for (const end of ends) copyFileSync(path + end, `${path}.old-${segment}${end}`);
    await ledger.append({ kind: "test", segment });
  }
  return path;
}

function put(from: string, to: string): void {
  for (const end of ends) copyFileSync(from + end, to + end);
}

function compress(path: string): void {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
  rmSync(path);
}

async function verdict(path: string) {
  const newest = (await verifySegments(path, { keys: [vkey] })).at(-1);
  return { valid: newest?.valid, problem: newest?.linkProblem ?? null };
}

test("a complete segment that was copied over the newest file is found by the later ones", async () => {
  const path = await rotatedLedger(4);
  put(`${path}.000002`, path);
  expect(await verdict(path)).toMatchObject({ problem: expect.stringMatching(/\.000002 beside it.*rolled back/) });
  rmSync(`${path}.000002`);
  writeFileSync(`${path}.000002`, "");
  expect(await verdict(path)).toMatchObject({ problem: expect.stringContaining("rolled back") });
});

test("an older state of a segment is found by its sealed state, also where that is compressed", async () => {
  const path = await rotatedLedger(3);
  put(`${path}.old-2`, path);
  compress(`${path}.000002`);
  expect(await verdict(path)).toMatchObject({ problem: expect.stringMatching(/\.000002\.gz beside it.*rolled back/) });
});

test("the first segment in the place of the newest one is found by any later one", async () => {
  const path = await rotatedLedger(3);
  put(`${path}.000001`, path);
  rmSync(`${path}.000001`);
  expect(await verdict(path)).toMatchObject({ problem: expect.stringMatching(/\.000002 .*a later segment/) });
});

test("another ledger that has the name of a later segment is no roll-back", async () => {
  const path = await rotatedLedger(2);
  const neighbour = await writtenLedger(1);
  put(neighbour, `${path}.202610`);
  expect(await verdict(path)).toEqual({ valid: true, problem: null });
});

test("earlier complete segments beside the newest one, and one that is named itself, are no roll-back", async () => {
  const path = await rotatedLedger(3);
  expect(await verdict(path)).toEqual({ valid: true, problem: null });
  expect(await verdict(`${path}.000001`)).toEqual({ valid: true, problem: null });
  compress(`${path}.000001`);
  expect(await verdict(path)).toEqual({ valid: true, problem: null });
});

test.each(["create", "openOrCreate"] as const)(
  "no new ledger is begun (%s) beside complete segments whose newest file is gone",
  async (how) => {
    const path = await rotatedLedger(2);
    for (const end of [...ends, ".lock", ".frontier"]) rmSync(path + end, { force: true });
    const before = readdirSync(dirname(path));
    await expect(Ledger[how](path, options)).rejects.toMatchObject({
      code: "LEDGER_EXISTS",
      message: expect.stringContaining(`${basename(path)}.000001 beside it is a complete segment`),
    });
    expect(readdirSync(dirname(path))).toEqual(before);
  },
);

test.each([
  ["as it is", (path: string) => appendFileSync(path, '{"prev')],
  [
    "compressed",
    (path: string) => {
      compress(path);
      appendFileSync(`${path}.gz`, gzipSync('{"prev'));
    },
  ],
])("bytes behind the last line of a complete segment, which no crash can leave, are found: %s", async (_how, touch) => {
  const path = await rotatedLedger(3);
  touch(`${path}.000001`);
  const found = await verifySegments(path, { keys: [vkey] });
  expect(found.at(-1)).toMatchObject({ segment: 1, linkProblem: expect.stringContaining("6 bytes that no line ends") });
  const named = readdirSync(dirname(path)).find((name) => /\.000001(\.gz)?$/.test(name)) ?? "";
  expect(await verdict(join(dirname(path), named))).toMatchObject({ problem: expect.stringContaining("6 bytes") });
});

test("torn bytes at the end of the newest file are no tampering", async () => {
  const path = await rotatedLedger(2);
  appendFileSync(path, '{"prev');
  expect(await verdict(path)).toEqual({ valid: true, problem: null });
});

test.each([1_000_000, 4_294_967_297, Number.MAX_SAFE_INTEGER])(
  "a first line that says that it is segment %d, for which there is no name, is named as bad",
  async (segment) => {
    const path = ledgerPath();
    const previous = { origin: "o", size: 1, root: "0".repeat(64), lastHash: "0".repeat(64) };
    const id = "00000000-0000-4000-8000-000000000000";
    const record = segmentGenesisRecord(id, "2026-11-24T17:18:29.797Z", vkey, segment, previous, []);
    writeFileSync(path, `${formatLine(noPreviousHash, recordText(record), 0)}\n`);
    const [found] = await verifySegments(path, { keys: [vkey] });
    expect(found?.firstBadLine).toMatchObject({ line: 1, reason: expect.stringContaining("999999 at most") });
    await expect(readSegmentLines(path).next()).rejects.toMatchObject({ code: "LEDGER_INVALID" });
  },
);

/** Seals the newest segment as a writer does, at one moment, while somebody looks at it. */
function sealNow(path: string, segment: number, next: string): void {
  for (const end of ends) renameSync(path + end, `${path}.${String(segment).padStart(6, "0")}${end}`);
  put(next, path);
}

test("a ledger that is rotated whenever somebody looks at it is judged as it was when the check began", async () => {
  const path = await rotatedLedger(8);
  // Back to when it had two segments; from there on each look at the first one meets a rotation.
  const parts = [1, 2, 3, 4, 5, 6, 7, 8].map((segment) => `${path}.part-${segment}`);
  for (const [index, part] of parts.entries()) put(index === 7 ? path : `${path}.00000${index + 1}`, part);
  for (const name of readdirSync(dirname(path))) {
    if (/\.00000\d/.test(name)) rmSync(join(dirname(path), name));
  }
  put(parts[0] ?? "", `${path}.000001`);
  put(parts[1] ?? "", path);
  const firstBytes = readFileSync(`${path}.000001`).length;
  let segment = 2;
  const onProgress = ({ totalBytes }: VerifyProgress): void => {
    const next = parts[segment];
    if (totalBytes !== firstBytes || next === undefined) return;
    sealNow(path, segment, next);
    segment += 1;
  };
  const found = await verifySegments(path, { keys: [vkey], onProgress });
  expect(found.at(-1)).toMatchObject({ valid: true, linkProblem: null, unsignedLines: 0 });
  expect(found.at(-1)?.notChecked.join()).toContain("rotated meanwhile");
  expect(segment).toBeGreaterThan(2);
});

test("of a file that is replaced at every look nothing is said", async () => {
  const path = await writtenLedger(1);
  const other = await writtenLedger(2);
  const touched = readFileSync(other, "utf8").replace('"index":1', '"index":7');
  let looks = 0;
  const onProgress = (): void => {
    writeFileSync(`${path}.next`, touched);
    renameSync(`${path}.next`, path);
    looks += 1;
  };
  writeFileSync(path, touched);
  await expect(verifySegments(path, { keys: [vkey], onProgress })).rejects.toMatchObject({ code: "LEDGER_BUSY" });
  expect(looks).toBeGreaterThan(4);
});
