import { createPrivateKey, hash, sign } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { verifyLedger } from "../../src/ledger/verify.ts";
import { signerFromSeed } from "./keys.ts";
import { vkey, writtenLedger } from "./ledger-folder.ts";

const name = "example.com/witness";
const typeAndKey = Buffer.concat([Uint8Array.of(4), signerFromSeed(7).publicKey]);
const keyId = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typeAndKey]), "buffer").subarray(0, 4);
const witness = `${name}+${keyId.toString("hex")}+${typeAndKey.toString("base64")}`;
const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]);
const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });

/** The line that a witness adds to a checkpoint (C2SP tlog-cosignature, type 04). */
function cosignature(note: string, seconds: number): string {
  const text = note.slice(0, note.lastIndexOf("\n\n") + 1);
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), privateKey);
  return `— ${name} ${Buffer.concat([keyId, time, signature]).toString("base64")}\n`;
}

test("what a witness has seen is said, and the cosignature is kept with the checkpoint", async () => {
  const path = await writtenLedger(2);
  const checkpoint = `${path}.checkpoint`;
  const line = cosignature(readFileSync(checkpoint, "utf8"), 1_800_000_000);
  appendFileSync(checkpoint, line);
  const findings = await verifyLedger(path, { keys: [vkey], witnesses: [witness] });
  expect(findings).toMatchObject({
    valid: true,
    signedBy: vkey,
    witnesses: [{ witness, lines: 3, timestampSeconds: 1_800_000_000 }],
  });
});

test("a witness that has cosigned nothing is named, and so is one whose key was given as an author's", async () => {
  const path = await writtenLedger(2);
  const { witnesses, trust } = await verifyLedger(path, { keys: [vkey, witness] });
  expect([witnesses, trust]).toEqual([[{ witness, lines: 0, timestampSeconds: null }], "key"]);
});

test("a cosignature that does not fit condemns its checkpoint", async () => {
  const path = await writtenLedger(2);
  const checkpoint = `${path}.checkpoint`;
  const note = readFileSync(checkpoint, "utf8");
  writeFileSync(checkpoint, note + cosignature(note.replace("\n3\n", "\n4\n"), 1_800_000_000));
  const { valid, checkpoints } = await verifyLedger(path, { keys: [vkey], witnesses: [witness] });
  expect([valid, checkpoints.problems[0]?.reason]).toEqual([false, expect.stringContaining(name)]);
});

test("a witness alone says nothing about who wrote", async () => {
  const path = await writtenLedger(1);
  expect(await verifyLedger(path, { keys: [witness] })).toMatchObject({ trust: "none", signedUpTo: 0 });
});
