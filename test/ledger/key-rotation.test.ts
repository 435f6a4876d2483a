import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rotateKey } from "../../src/ledger/key-change.ts";
import {
  keysOfSegments,
  leadsTo,
  readKeyRotation,
  rotationInto,
  signKeyRotation,
} from "../../src/ledger/key-rotation.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { Genesis } from "../../src/ledger/own-records.ts";
import { parseVerifierKey } from "../../src/ledger/verifier-key.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { verifySegments } from "../../src/ledger/verify-segments.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { ledgerPath, recordsOf, writtenLedger } from "./ledger-folder.ts";

const first = signerFromSeed(1);
const second = signerFromSeed(2, "example.com/second");
const third = signerFromSeed(3, "example.com/third");
const keyOf = (signer: typeof first) => parseVerifierKey(vkeyOf(signer));
const [firstKey, secondKey, thirdKey] = [keyOf(first), keyOf(second), keyOf(third)];
const at = { origin: "example.com/log", size: 7, root: Buffer.alloc(32, 5) };

async function appendWith(path: string, signer: typeof first): Promise<void> {
  await using ledger = await Ledger.open(path, { signer });
  await ledger.append({ kind: "test", by: signer.name });
}

/** A ledger that was handed over twice, with a record by each key. */
async function twiceRotated(): Promise<string> {
  const path = await writtenLedger(1);
  await rotateKey(path, { signer: first }, second);
  await appendWith(path, second);
  await rotateKey(path, { signer: second }, third);
  await appendWith(path, third);
  return path;
}

async function verdicts(path: string, keys: readonly string[]) {
  const segments = await verifySegments(path, { keys });
  return segments.map(({ valid, unsignedLines, linkProblem }) => valid && unsignedLines === 0 && linkProblem === null);
}

test("the statement that a key follows another one holds only with the signatures of both", async () => {
  const note = await signKeyRotation(at, first, second);
  expect(readKeyRotation(note)).toMatchObject({ ...at, from: firstKey, to: secondKey });
  const lines = note.split("\n");
  const withoutOne = (index: number): string => lines.filter((_, place) => place !== index).join("\n");
  expect(readKeyRotation(withoutOne(7))).toBeNull();
  expect(readKeyRotation(withoutOne(8))).toBeNull();
  expect(readKeyRotation(note.replace("\n7\n", "\n8\n"))).toBeNull();
  expect(readKeyRotation("")).toBeNull();
});

/** What a segment says that goes on from `size` lines of a log, with statements about keys. */
function genesisOf(size: number | null, keyRotations: readonly string[]): Genesis {
  const root = at.root.toString("hex");
  const previous = size === null ? null : { origin: at.origin, size, root, lastHash: root };
  return { ledgerId: "", createdAt: "", verifierKey: firstKey, segment: 1, previous, keyRotations };
}

/** Four segments: the second is begun by a new key, the fourth by a third one. */
async function handedOverTwice(): Promise<readonly Genesis[]> {
  const [one, two] = [
    await signKeyRotation(at, first, second),
    await signKeyRotation({ ...at, size: 9 }, second, third),
  ];
  return [genesisOf(null, []), genesisOf(7, [one]), genesisOf(8, [one]), genesisOf(9, [one, two])];
}

function namesOf(segments: readonly Genesis[], ...trusted: readonly (typeof firstKey)[]) {
  return keysOfSegments(trusted, segments).map((keys) => keys.map(({ name }) => name));
}

test("one who trusts a key follows statements forward from where they were made, and back to there", async () => {
  const segments = await handedOverTwice();
  const [one, two, three] = [[first.name], [second.name], [third.name]];
  expect(namesOf(segments, firstKey)).toEqual([one, two, two, three]);
  expect(namesOf(segments, secondKey)).toEqual([[second.name, first.name], two, two, three]);
  expect(namesOf(segments, thirdKey)).toEqual([
    [third.name, first.name],
    [third.name, second.name],
    [third.name, second.name],
    three,
  ]);
});

test("a statement ends the key that it replaces also for one who trusts both", async () => {
  expect(namesOf(await handedOverTwice(), firstKey, secondKey)).toEqual([
    [first.name, second.name],
    [second.name],
    [second.name],
    [third.name],
  ]);
});

test("a statement about another log, other lines or an earlier segment gives no key anything", async () => {
  const statements = [
    await signKeyRotation({ ...at, origin: "example.com/other" }, first, second),
    await signKeyRotation({ ...at, size: 8 }, first, second),
    await signKeyRotation({ ...at, root: Buffer.alloc(32, 6) }, first, second),
  ];
  expect(rotationInto(genesisOf(7, statements))).toBeNull();
  expect(namesOf([genesisOf(null, []), genesisOf(7, statements)], firstKey)).toEqual([[first.name], [first.name]]);
  expect(namesOf([genesisOf(null, []), genesisOf(7, statements)], secondKey)).toEqual([[second.name], [second.name]]);
});

test("a key that was given the ledger back may sign again from there on, and not in between", async () => {
  const one = await signKeyRotation(at, first, second);
  const back = await signKeyRotation({ ...at, size: 8 }, second, first);
  const segments = [genesisOf(null, []), genesisOf(7, [one]), genesisOf(8, [one, back])];
  expect(namesOf(segments, firstKey)).toEqual([[first.name], [second.name], [first.name]]);
});

test("whether statements lead from one key to another is told apart from whether they are about a ledger", async () => {
  const notes = [await signKeyRotation(at, first, second), await signKeyRotation(at, second, third)];
  expect(leadsTo(firstKey, thirdKey, notes)).toBe(true);
  expect(leadsTo(thirdKey, firstKey, notes)).toBe(false);
});

test("after a rotation the new key signs, and the old one is refused", async () => {
  const path = await writtenLedger(1);
  await rotateKey(path, { signer: first }, second);
  await appendWith(path, second);
  expect(recordsOf(path).map(({ kind }) => kind)).toEqual(["genesis", "test"]);
  await expect(Ledger.open(path, { signer: first })).rejects.toMatchObject({ code: "KEY_INVALID" });
});

test("a verifier with any of the keys, old or new, accepts every segment", async () => {
  const path = await twiceRotated();
  const outcomes: boolean[][] = [];
  for (const signer of [first, second, third]) outcomes.push(await verdicts(path, [vkeyOf(signer)]));
  expect(outcomes).toEqual([
    [true, true, true],
    [true, true, true],
    [true, true, true],
  ]);
});

test("a verifier with another key accepts none of them", async () => {
  const path = await twiceRotated();
  const [found] = await verifySegments(path, { keys: [vkeyOf(signerFromSeed(8, "example.com/stranger"))] });
  expect(found?.valid).toBe(false);
});

test("what a replaced key signs after the rotation counts for nothing", async () => {
  const path = await twiceRotated();
  const forged = await writtenLedger(0);
  const found = await verifyLedger(path, { keys: [vkeyOf(third)], checkpoint: readFileSync(`${forged}.checkpoint`) });
  expect(found.valid).toBe(false);
});

test("the first checkpoint after a rotation carries both signatures, and further ones while that is asked for", async () => {
  const path = await writtenLedger(1);
  await rotateKey(path, { signer: first }, second);
  const signatures = (): number => readFileSync(`${path}.checkpoint`, "utf8").match(/^— /gm)?.length ?? 0;
  expect(signatures()).toBe(2);
  const overlapping = await Ledger.open(path, { signer: second, formerSigner: first });
  await overlapping.append({ kind: "test" });
  await overlapping.close();
  expect(signatures()).toBe(2);
  await appendWith(path, second);
  expect(signatures()).toBe(1);
});

test("a writer that still has the old key is told so, and writes nothing", async () => {
  const path = await writtenLedger(1);
  const old = await Ledger.open(path, { signer: first });
  await rotateKey(path, { signer: first }, second);
  const before = readFileSync(path);
  await expect(old.append({ kind: "test" })).rejects.toMatchObject({ code: "KEY_INVALID" });
  expect(readFileSync(path)).toEqual(before);
  await old.close();
});

test("a rotation that was interrupted before the new key signed is completed by asking again", async () => {
  const path = await writtenLedger(1);
  const ledger = await Ledger.open(path, { signer: first });
  await ledger.sealFor(second);
  expect((await verifyLedger(path, { keys: [vkeyOf(second)] })).valid).toBe(false);
  await rotateKey(path, { signer: first }, second);
  expect(await verdicts(path, [vkeyOf(first)])).toEqual([true, true]);
});

test("a checkpoint with two signatures that a crash cut off is mended by the next writer", async () => {
  const path = await writtenLedger(1);
  await rotateKey(path, { signer: first }, second);
  const ledger = await Ledger.open(path, { signer: second, formerSigner: first });
  const [bytes, history] = [readFileSync(path), readFileSync(`${path}.checkpoints`)];
  const latest = readFileSync(`${path}.checkpoint`);
  await ledger.append({ kind: "test" });
  await ledger.close();
  const whole = readFileSync(`${path}.checkpoints`);
  const outcomes: unknown[] = [];
  const line = readFileSync(path).subarray(bytes.length);
  for (let cut = history.length + 1; cut < whole.length - 1; cut += 29) {
    writeFileSync(path, Buffer.concat([bytes, line]));
    writeFileSync(`${path}.checkpoint`, latest);
    writeFileSync(`${path}.checkpoints`, whole.subarray(0, cut));
    await appendWith(path, second);
    outcomes.push((await verifyLedger(path, { keys: [vkeyOf(second)] })).valid);
  }
  expect(outcomes).not.toContain(false);
});

test("a ledger is not handed over to its own key, nor by a stranger", async () => {
  const path = await writtenLedger(1);
  await expect(rotateKey(path, { signer: first }, first)).rejects.toMatchObject({ code: "KEY_INVALID" });
  await expect(rotateKey(path, { signer: third }, second)).rejects.toMatchObject({ code: "KEY_INVALID" });
  await expect(rotateKey(ledgerPath(), { signer: first }, second)).rejects.toMatchObject({ code: "LEDGER_NOT_FOUND" });
});
