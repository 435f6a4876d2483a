import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { rotateKey } from "../../src/ledger/key-change.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { verifySegments } from "../../src/ledger/verify-segments.ts";
import { type Forgery, forgeCut, forgeSegment, genesisAt, previousOf } from "./forged-segment.ts";
import { signerFromSeed, vkeyOf } from "./keys.ts";
import { ledgerPath, linesOf, writtenLedger } from "./ledger-folder.ts";

const first = signerFromSeed(1);
const second = signerFromSeed(2, "example.com/second");
const [firstKey, secondKey] = [vkeyOf(first), vkeyOf(second)];
const forgedRecord = { kind: "test", by: "a forger" };
const ends = ["", ".checkpoint", ".checkpoints"];

/** A ledger of so many records that its first key has handed over to the second one. */
async function handedOver(count: number): Promise<string> {
  const path = await writtenLedger(count);
  await rotateKey(path, { signer: first }, second);
  await using ledger = await Ledger.open(path, { signer: second });
  await ledger.append({ kind: "test" });
  return path;
}

async function holds(path: string, ...keys: string[]): Promise<boolean> {
  const verified = await verifySegments(path, { keys });
  return verified.every(({ valid, linkProblem }) => valid && linkProblem === null);
}

const statementsOf = (path: string): string[] => [...genesisAt(path).keyRotations];

/** A segment after the one beside it, by the holder of the second key, with a statement from elsewhere. */
async function forgeNext(path: string, keyRotations: string[], forgery: Partial<Forgery> = {}): Promise<void> {
  const previous = previousOf(`${path}.000001`);
  const after = { segment: 2, previous, keyRotations };
  await forgeSegment(path, { names: secondKey, signer: second, records: [forgedRecord], after, ...forgery });
}

test("the holder of a new key cannot go on with another ledger of the old key: the statement is not about that one", async () => {
  const [mine, other, path] = [await handedOver(2), await writtenLedger(4), ledgerPath()];
  await forgeCut(other, 2, `${path}.000001`, first);
  await forgeNext(path, statementsOf(mine));
  expect(await holds(path, firstKey)).toBe(false);
  expect(await holds(path, secondKey)).toBe(false);
  expect(await holds(path, firstKey, secondKey)).toBe(false);
  expect((await verifyLedger(path, { keys: [firstKey] })).valid).toBe(false);
});

test("the holder of a new key cannot cut what the old key handed over: the statement is about all its lines", async () => {
  const [mine, path] = [await handedOver(2), ledgerPath()];
  await forgeCut(`${mine}.000001`, 2, `${path}.000001`, first);
  await forgeNext(path, statementsOf(mine));
  expect(await holds(path, firstKey)).toBe(false);
  expect(await holds(path, secondKey)).toBe(false);
  expect(await holds(path, firstKey, secondKey)).toBe(false);
  expect((await verifyLedger(path, { keys: [firstKey] })).valid).toBe(false);
});

test("the holder of a new key can go on from exactly what was handed over", async () => {
  const [mine, path] = [await handedOver(2), ledgerPath()];
  await forgeCut(`${mine}.000001`, 3, `${path}.000001`, first);
  await forgeNext(path, statementsOf(mine));
  expect(await holds(path, firstKey)).toBe(true);
  expect(await holds(path, secondKey)).toBe(true);
});

test("a key that was replaced and stolen cannot invent a segment that a verifier with the new key believes", async () => {
  const [mine, path] = [await handedOver(2), ledgerPath()];
  await forgeSegment(`${path}.000001`, { names: firstKey, signer: first, records: [forgedRecord, forgedRecord] });
  const after = { segment: 2, previous: previousOf(`${path}.000001`), keyRotations: statementsOf(mine) };
  await forgeSegment(path, { names: secondKey, after });
  const [segment] = await verifySegments(path, { keys: [secondKey] });
  expect(segment).toMatchObject({ valid: false, trust: "none", newestCheckpoint: null });
});

test("nor can it sign a segment behind the one that it handed over, for a verifier with the new key or with both", async () => {
  const path = await handedOver(2);
  for (const end of ends) renameSync(path + end, `${path}.000002${end}`);
  const keyRotations = statementsOf(`${path}.000002`);
  const after = { segment: 3, previous: previousOf(`${path}.000002`), keyRotations };
  for (const names of [firstKey, secondKey]) {
    await forgeSegment(path, { names, signer: first, records: [forgedRecord], after });
    expect(await holds(path, secondKey)).toBe(false);
    expect(await holds(path, firstKey)).toBe(false);
    expect(await holds(path, firstKey, secondKey)).toBe(false);
  }
});

test("a hand-over that a crash has cut off is believed by the new key, which has signed what was handed over", async () => {
  const path = await writtenLedger(2);
  const ledger = await Ledger.open(path, { signer: first });
  await ledger.sealFor(second);
  const [sealed, begun] = await verifySegments(path, { keys: [secondKey] });
  expect(sealed).toMatchObject({ valid: true, signedUpTo: 3, signedBy: firstKey });
  expect(begun).toMatchObject({ valid: true, signedUpTo: 0, interruptedRotation: "beginning" });
});

/** A ledger whose rotation was interrupted: the next segment is begun and not signed. */
async function begunLedger(path = ledgerPath()): Promise<string> {
  await writtenLedger(2, path);
  await using ledger = await Ledger.open(path, { signer: first });
  await ledger.rotate();
  for (const end of [".checkpoint", ".checkpoints"]) rmSync(path + end);
  return path;
}

test("a writer goes on in a segment that an interrupted rotation has begun, also where the sealed one was compressed since", async () => {
  const path = await begunLedger();
  writeFileSync(`${path}.000001.gz`, gzipSync(readFileSync(`${path}.000001`)));
  rmSync(`${path}.000001`);
  await using ledger = await Ledger.open(path, { signer: first });
  await ledger.append({ kind: "test" });
  expect(await holds(path, firstKey)).toBe(true);
});

test.each<[string, (path: string) => Promise<Partial<Forgery> & Pick<Forgery, "after">>]>([
  ["another log", async () => ({ after: { segment: 2, previous: previousOf(await writtenLedger(2)) } })],
  ["fewer lines", async (path) => ({ after: { segment: 2, previous: { ...previousOf(path), size: 2 } } })],
  ["other lines", async (path) => ({ after: { segment: 2, previous: { ...previousOf(path), root: "0".repeat(64) } } })],
  [
    "another last line",
    async (path) => ({ after: { segment: 2, previous: { ...previousOf(path), lastHash: "0".repeat(64) } } }),
  ],
  [
    "a log of the same name",
    async (path) => ({ after: { segment: 2, previous: previousOf(path) }, ledgerId: genesisAt(path).ledgerId }),
  ],
  [
    "the lines with another ledger's statement about keys",
    async (path) => ({
      after: { segment: 2, previous: previousOf(path), keyRotations: statementsOf(await handedOver(2)) },
    }),
  ],
])("a writer does not sign a begun segment that goes on from %s", async (_what, forgery) => {
  const path = await begunLedger();
  await forgeSegment(path, { names: firstKey, ...(await forgery(`${path}.000001`)) });
  const before = readFileSync(path);
  await expect(Ledger.open(path, { signer: first })).rejects.toMatchObject({
    code: "LEDGER_INVALID",
    message: expect.stringContaining("so nothing was written"),
  });
  expect(readFileSync(path)).toEqual(before);
});

test("a writer does not sign a begun segment that is the same log as an earlier one, and no verifier takes it", async () => {
  const path = await begunLedger();
  await using ledger = await Ledger.open(path, { signer: first });
  await ledger.append({ kind: "test" });
  await ledger.rotate();
  const forgery = {
    names: firstKey,
    after: { segment: 3, previous: previousOf(`${path}.000002`) },
    ledgerId: genesisAt(`${path}.000001`).ledgerId,
  };
  for (const end of [".checkpoint", ".checkpoints"]) rmSync(path + end);
  await forgeSegment(path, forgery);
  await expect(Ledger.open(path, { signer: first })).rejects.toMatchObject({
    code: "LEDGER_INVALID",
    message: expect.stringContaining("it has the ledger_id of segment 1"),
  });
  await forgeSegment(path, { ...forgery, signer: first });
  expect((await verifySegments(path, { keys: [firstKey] })).at(-1)?.linkProblem).toBe(
    "it has the ledger_id of segment 1",
  );
});

test("a writer with the old key does not sign a begun segment that a statement gives to the new key", async () => {
  const path = await writtenLedger(2);
  const ledger = await Ledger.open(path, { signer: first });
  await ledger.sealFor(second);
  const after = { segment: 2, previous: previousOf(`${path}.000001`), keyRotations: statementsOf(path) };
  await forgeSegment(path, { names: firstKey, after });
  await expect(Ledger.open(path, { signer: first })).rejects.toMatchObject({ code: "LEDGER_INVALID" });
});

test("a writer does not sign a begun segment whose sealed one is missing, unsigned or not what it was", async () => {
  const path = await begunLedger();
  const sealed = `${path}.000001`;
  const [lines, checkpoint] = [readFileSync(sealed), readFileSync(`${sealed}.checkpoint`)];
  const outcome = async (): Promise<unknown> => {
    const code = await Ledger.open(path, { signer: first }).then(
      () => "opened",
      (error) => error.code,
    );
    writeFileSync(sealed, lines);
    writeFileSync(`${sealed}.checkpoint`, checkpoint);
    return code;
  };
  rmSync(sealed);
  expect(await outcome()).toBe("LEDGER_NOT_FOUND");
  rmSync(`${sealed}.checkpoint`);
  expect(await outcome()).toBe("LEDGER_INVALID");
  copyFileSync(`${await writtenLedger(2)}.checkpoint`, `${sealed}.checkpoint`);
  expect(await outcome()).toBe("LEDGER_INVALID");
  appendFileSync(sealed, `${linesOf(sealed)[1]}\n`);
  expect(await outcome()).toBe("LEDGER_INVALID");
  writeFileSync(sealed, "no ledger\n");
  expect(await outcome()).toBe("LEDGER_INVALID");
  expect(await outcome()).toBe("opened");
});
