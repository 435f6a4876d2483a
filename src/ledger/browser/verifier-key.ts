import { CarbonOpsError } from "../../errors.ts";
import { isWeakPublicKey } from "../weak-key.ts";
import { type Bytes, bytesFromBase64, bytesOf, concatenated, hexOf, sha256 } from "./bytes.ts";

/** A public key as text (the "vkey" of C2SP signed-note), read. */
export interface BrowserKey {
  readonly name: string;
  readonly keyId: string;
  /** Whether it belongs to a witness (C2SP tlog-cosignature). */
  readonly isWitness: boolean;
  readonly publicKey: Bytes;
  readonly vkey: string;
}

/** Throws KEY_INVALID when the text is no vkey of Ed25519, does not match its key id, or holds a weak key. */
export async function readKey(text: string): Promise<BrowserKey> {
  const [, name, keyId, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(.*)$/su.exec(text) ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined) throw invalidKey("it is not name+id+key");
  const typeAndKey = bytesFromBase64(encoded);
  const type = typeAndKey?.[0];
  if (typeAndKey?.length !== 33 || (type !== 1 && type !== 4)) throw invalidKey("it holds no Ed25519 key");
  const id = (await sha256(concatenated(bytesOf(`${name}\n`), typeAndKey))).subarray(0, 4);
  if (hexOf(id) !== keyId) throw invalidKey("its key id does not fit its name and key");
  const publicKey = typeAndKey.slice(1);
  if (isWeakPublicKey(publicKey)) throw invalidKey("it is one under which anybody can sign");
  return { name, keyId, isWitness: type === 4, publicKey, vkey: text };
}

/** Ed25519 (RFC 8032). Throws INPUT_INVALID where the browser has no Ed25519. */
export async function isSignedBy({ publicKey }: BrowserKey, message: Bytes, signature: Bytes): Promise<boolean> {
  const key = await importKey(publicKey);
  return await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}

/** Whether WebCrypto has Ed25519 here. */
export async function hasEd25519(): Promise<boolean> {
  // The base point of the curve (RFC 8032, 5.1): y = 4/5.
  const basePoint = new Uint8Array(32).fill(0x66);
  basePoint[0] = 0x58;
  try {
    await importKey(basePoint);
    return true;
  } catch {
    return false;
  }
}

async function importKey(publicKey: Bytes) {
  try {
    return await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      "Signatures cannot be verified here, because WebCrypto has no Ed25519 in this browser or page; use a newer browser, and https.",
      { cause: error },
    );
  }
}

function invalidKey(why: string): CarbonOpsError {
  return new CarbonOpsError(
    "KEY_INVALID",
    `The verifier key cannot be used, because ${why}; use the line of a .pub file.`,
  );
}
