import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { Signer } from "../../src/ledger/signing-key.ts";
import { verifierKeyFor } from "../../src/ledger/verifier-key.ts";

const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

/** A signer whose 32 bytes of seed are all the same: fixed keys make fixed signatures. */
export function signerFromSeed(seed: Uint8Array | number, name = "example.com/test"): Signer {
  const bytes = typeof seed === "number" ? Buffer.alloc(32, seed) : Buffer.from(seed);
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, bytes]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  return { name, publicKey, sign: async (message) => sign(null, message, privateKey) };
}

export function vkeyOf(signer: Signer): string {
  return verifierKeyFor(signer.name, signer.publicKey).vkey;
}
