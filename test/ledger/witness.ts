import { createHash } from "node:crypto";
import { parseNote } from "../../src/ledger/note.ts";
import type { Signer } from "../../src/ledger/signing-key.ts";
import { signerFromSeed } from "./keys.ts";

/** A witness of C2SP tlog-cosignature, with a key of its own. */
export const witness: Signer = signerFromSeed(7, "witness.example/w");

export const witnessKey = cosignerKey(witness);

function typeAndKey({ publicKey }: Signer): Buffer {
  return Buffer.concat([Buffer.from([4]), publicKey]);
}

function keyIdOf(signer: Signer): Buffer {
  return createHash("sha256").update(`${signer.name}\n`).update(typeAndKey(signer)).digest().subarray(0, 4);
}

export function cosignerKey(signer: Signer): string {
  return `${signer.name}+${keyIdOf(signer).toString("hex")}+${typeAndKey(signer).toString("base64")}`;
}

/** The signature line with which a witness answers, over the text of a checkpoint at a time in POSIX seconds. */
export async function cosignatureLine(note: Buffer, seconds: number, signer = witness): Promise<string> {
  const parsed = parseNote(note);
  if (typeof parsed === "string") throw new Error(parsed);
  const signature = await signer.sign(Buffer.from(`cosignature/v1\ntime ${seconds}\n${parsed.text}`));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  return `— ${signer.name} ${Buffer.concat([keyIdOf(signer), time, signature]).toString("base64")}\n`;
}
