import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { verifyCheckpoint } from "../../src/ledger/browser/index.ts";
import { importCosignatures } from "../../src/ledger/cosignatures.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { verifySegments } from "../../src/ledger/verify-segments.ts";
import { signerFromSeed } from "./keys.ts";
import { options, vkey, writtenLedger } from "./ledger-folder.ts";
import { cosignatureLine, cosignerKey, witness, witnessKey } from "./witness.ts";

const seconds = 1_760_000_000;
const checkpointOf = (path: string): Buffer => readFileSync(`${path}.checkpoint`);

async function cosigned(path: string, at = seconds, signer = witness): Promise<Buffer> {
  const note = checkpointOf(path);
  return Buffer.concat([note, Buffer.from(await cosignatureLine(note, at, signer))]);
}

async function keep(path: string, note: Uint8Array, witnesses = [witnessKey]) {
  return await importCosignatures(path, { note, witnesses, clock: systemClock });
}

async function append(path: string): Promise<void> {
  await using ledger = await Ledger.open(path, options);
  await ledger.append({ kind: "test" });
}

const witnessed = async (path: string, keys = [witnessKey]) =>
  (await verifyLedger(path, { keys: [vkey], witnesses: keys })).witnesses;

test("a cosignature is kept beside the ledger, and verify finds it", async () => {
  const path = await writtenLedger(3);
  expect(await keep(path, await cosigned(path))).toEqual({
    size: 4,
    witnesses: [{ witness: witnessKey, timestampSeconds: seconds }],
  });
  await append(path);
  expect(await witnessed(path)).toEqual([{ witness: witnessKey, lines: 4, timestampSeconds: seconds }]);
  expect(await verifyCheckpoint(readFileSync(`${path}.cosigned`).subarray(0, -1), [vkey, witnessKey])).toMatchObject({
    ok: true,
    checkpoint: { cosignatures: [{ witness: witnessKey, timestampSeconds: seconds }] },
  });
});

test("beside a complete segment a cosignature is kept under the ledger's own lock, and no other lock is left there", async () => {
  const path = await writtenLedger(3);
  const ledger = await Ledger.open(path, options);
  await ledger.rotate();
  await ledger.close();
  const sealed = `${path}.000001`;
  await keep(sealed, await cosigned(sealed));
  expect(await witnessed(sealed)).toMatchObject([{ lines: 4 }]);
  expect(existsSync(`${sealed}.lock`)).toBe(false);
});

test("the signature line of a witness alone is taken to be about the newest checkpoint", async () => {
  const path = await writtenLedger(3);
  await keep(path, Buffer.from(await cosignatureLine(checkpointOf(path), seconds)));
  expect(await witnessed(path)).toMatchObject([{ lines: 4 }]);
});

test("cosignatures of several witnesses over one checkpoint, and of later ones, are kept together", async () => {
  const path = await writtenLedger(3);
  const other = signerFromSeed(8, "witness.example/other");
  const keys = [witnessKey, cosignerKey(other)];
  const early = checkpointOf(path);
  await append(path);
  await keep(path, await cosigned(path), keys);
  await keep(path, Buffer.concat([early, Buffer.from(await cosignatureLine(early, seconds - 9))]), keys);
  await keep(path, await cosigned(path, seconds + 1, other), keys);
  await keep(path, await cosigned(path, seconds + 2), keys);
  const sizes = readFileSync(`${path}.cosigned`, "utf8").match(/^\d+$/gm);
  expect(sizes).toEqual(["4", "5"]);
  expect(await witnessed(path, keys)).toMatchObject([
    { lines: 5, timestampSeconds: seconds + 2 },
    { lines: 5, timestampSeconds: seconds + 1 },
  ]);
});

test("what nobody here can vouch for is not kept", async () => {
  const path = await writtenLedger(3);
  const note = await cosigned(path);
  const foreign = await cosigned(await writtenLedger(3));
  const stranger = cosignerKey(signerFromSeed(9, "witness.example/stranger"));
  const forged = Buffer.from(note.toString().replace("\n4\n", "\n5\n"));
  for (const [bytes, keys] of [
    [foreign, [witnessKey]],
    [note, [stranger]],
    [forged, [witnessKey]],
    [checkpointOf(path), [witnessKey]],
    [Buffer.from("nonsense"), [witnessKey]],
  ] as const) {
    await expect(keep(path, bytes, [...keys])).rejects.toMatchObject({ code: "LEDGER_INVALID" });
  }
  await expect(keep(path, note, [vkey])).rejects.toMatchObject({ code: "KEY_INVALID" });
});

test("a cosigned checkpoint that the ledger no longer fits makes it invalid", async () => {
  const path = await writtenLedger(3);
  const before = ["", ".checkpoint", ".checkpoints"].map((end) => [end, readFileSync(path + end)] as const);
  await append(path);
  await keep(path, await cosigned(path));
  for (const [end, bytes] of before) writeFileSync(path + end, bytes);
  expect((await verifyLedger(path, { keys: [vkey] })).valid).toBe(false);
});

test("a segment takes its cosignatures along when it is sealed", async () => {
  const path = await writtenLedger(3);
  await keep(path, await cosigned(path));
  const ledger = await Ledger.open(path, options);
  await ledger.rotate();
  await ledger.close();
  const segments = await verifySegments(path, { keys: [vkey], witnesses: [witnessKey] });
  expect(segments.map(({ valid, witnesses }) => [valid, witnesses[0]?.lines])).toEqual([
    [true, 4],
    [true, 0],
  ]);
});
