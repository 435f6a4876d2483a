import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { CarbonOpsError } from "../errors.ts";
import { bytesFromBase64 } from "./base64.ts";
import { isWeakPublicKey } from "./weak-key.ts";

/**
 * Public keys as text: the "vkey" of C2SP signed-note, `name+<key id>+base64(type || public key)`. The key id, 4 bytes in
 * lower-case hex, is bound to name and key, so that a vkey with a typing error is refused.
 */
export interface VerifierKey {
  readonly name: string;
  /** First 4 bytes of SHA-256(name || LF || type || public key), in hex. */
  readonly keyId: string;
  /** "ed25519" signs notes; "cosignature" is a witness that adds a time (C2SP tlog-cosignature). */
  readonly algorithm: VerifierAlgorithm;
  readonly publicKey: Buffer;
  readonly keyObject: KeyObject;
  /** The text that it was read from. */
  readonly vkey: string;
}

export type VerifierAlgorithm = "ed25519" | "cosignature";

/** Signature types of C2SP signed-note. */
const typeBytes: Readonly<Record<VerifierAlgorithm, number>> = { ed25519: 0x01, cosignature: 0x04 };

/** Whether a text has the form of a vkey, rather than that of a file's name. */
export function isVerifierKeyText(text: string): boolean {
  return /^[^\s+]+\+[0-9a-fA-F]{8}\+[A-Za-z0-9+/=]+$/.test(text);
}

/** Throws KEY_INVALID when the text is no vkey of a type known here, does not match its key id, or holds a weak key. */
export function parseVerifierKey(text: string): VerifierKey {
  const parts = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text);
  const [, name = "", keyId = "", encoded = ""] = parts ?? [];
  if (!isKeyName(name)) throw invalidKey(text, "it is not of the form name+id+key");
  const typeAndKey = bytesFromBase64(encoded);
  if (typeAndKey === null) throw invalidKey(text, "its last part is not base64");
  const algorithm = algorithmOf(typeAndKey[0]);
  if (algorithm === undefined || typeAndKey.length !== 33) throw invalidKey(text, "it holds no Ed25519 key");
  if (keyIdOf(name, typeAndKey) !== keyId) throw invalidKey(text, "its key id does not fit its name and key");
  const publicKey = typeAndKey.subarray(1);
  if (isWeakPublicKey(publicKey)) throw invalidKey(text, "its key is one under which anybody can sign");
  return { name, keyId, algorithm, publicKey, keyObject: ed25519PublicKey(publicKey), vkey: text };
}

/** Keys of witnesses (C2SP tlog-cosignature). Throws KEY_INVALID, also for a key that signs notes and cosigns nothing. */
export function parseWitnessKey(text: string): VerifierKey {
  const key = parseVerifierKey(text);
  if (key.algorithm === "cosignature") return key;
  throw new CarbonOpsError(
    "KEY_INVALID",
    `${text} is no witness key, because its type is not 04 of C2SP, so no cosignature can be by it; give the vkey that the witness publishes.`,
  );
}

/** The vkey of an Ed25519 public key of 32 bytes. Throws KEY_INVALID for a name with white space or `+`, or a weak key. */
export function verifierKeyFor(name: string, publicKey: Uint8Array): VerifierKey {
  const typeAndKey = Buffer.concat([Uint8Array.of(typeBytes.ed25519), publicKey]);
  return parseVerifierKey(`${name}+${keyIdOf(name, typeAndKey)}+${typeAndKey.toString("base64")}`);
}

/** A key name: not empty, no Unicode white space, no `+` (C2SP signed-note). */
export function isKeyName(name: string): boolean {
  return /^[^\s+]+$/u.test(name);
}

function algorithmOf(typeByte: number | undefined): VerifierAlgorithm | undefined {
  if (typeByte === typeBytes.ed25519) return "ed25519";
  return typeByte === typeBytes.cosignature ? "cosignature" : undefined;
}

function keyIdOf(name: string, typeAndKey: Uint8Array): string {
  return hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typeAndKey]), "buffer").toString("hex", 0, 4);
}

/** SubjectPublicKeyInfo of Ed25519 (RFC 8410, section 4) up to the 32 bytes of the key. */
const spkiPrefix = Buffer.from("302a300506032b6570032100", "hex");

function ed25519PublicKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: "der", type: "spki" });
}

function invalidKey(text: string, why: string): CarbonOpsError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return new CarbonOpsError(
    "KEY_INVALID",
    `"${shown}" is no verifier key, because ${why}; use the line of a .pub file.`,
  );
}
