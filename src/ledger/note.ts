import { verify } from "node:crypto";
import { bytesFromBase64 } from "./base64.ts";
import { isOfKeyFile, type Signer } from "./signing-key.ts";
import { isKeyName, type VerifierKey, verifierKeyFor } from "./verifier-key.ts";

/**
 * Signed notes (C2SP signed-note): a text, an empty line, and one line for each signature,
 * `— name base64(4 bytes of key id || signature)`.
 */
export type OpenedNote =
  | { readonly ok: true; readonly text: string; readonly signatures: readonly VerifiedSignature[] }
  | { readonly ok: false; readonly fault: NoteFault; readonly reason: string };

/** "unknown_key": well formed, but not signed by any key that was given; the others mean damage or forgery. */
export type NoteFault = "malformed" | "bad_signature" | "unknown_key";

export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** When a witness cosigned, in POSIX seconds; null for a plain signature. */
  readonly timestampSeconds: number | null;
}

const signaturePrefix = "— ";
/** The reference implementation (golang.org/x/mod) stops at as many; the specification asks for at least 16. */
const maximumSignatures = 100;

/** The note of a text, which ends in a line feed, with a signature by each. Throws when one of them is wrong. */
export async function signNote(text: string, ...signers: readonly Signer[]): Promise<string> {
  const lines = await Promise.all(signers.map((signer) => signatureLine(text, signer)));
  return `${text}\n${lines.join("")}`;
}

/**
 * Key files of which one signature was verified: key and public key belong together. Verifying takes three times as long as signing, and
 * longer than some disks take to sync; what a service answers is verified every time.
 */
const provenSigners = new WeakSet<Signer>();

async function signatureLine(text: string, signer: Signer): Promise<string> {
  const signature = await signer.sign(Buffer.from(text));
  const key = keyOf(signer);
  if (!provenSigners.has(signer)) {
    if (!verify(null, Buffer.from(text), key.keyObject, signature)) {
      throw new Error(`the signature that ${signer.name} gave does not verify with its public key`);
    }
    if (isOfKeyFile(signer)) provenSigners.add(signer);
  }
  const encoded = Buffer.concat([Buffer.from(key.keyId, "hex"), signature]).toString("base64");
  return `${signaturePrefix}${signer.name} ${encoded}\n`;
}

/** Making a key of 32 bytes takes as long as verifying a signature with it. */
const keysOfSigners = new WeakMap<Signer, VerifierKey>();

function keyOf(signer: Signer): VerifierKey {
  const known = keysOfSigners.get(signer);
  if (known !== undefined) return known;
  const key = verifierKeyFor(signer.name, signer.publicKey);
  keysOfSigners.set(signer, key);
  return key;
}

/**
 * The text of a note, once at least one of the keys has signed it. Signatures by other keys are ignored; a signature that
 * names one of the keys and does not verify condemns the whole note.
 */
export function openNote(note: Uint8Array, keys: readonly VerifierKey[]): OpenedNote {
  const parsed = parseNote(note);
  if (typeof parsed === "string") return malformed(parsed);
  const claims = claimsOf(parsed, keys);
  return judged(
    parsed,
    claims,
    claims.map(({ key, message, signature }) => verify(null, message, key.keyObject, signature)),
  );
}

/** The same, with the signatures verified by Node's thread pool: many notes at once take all cores. */
export async function openNoteInPool(note: Uint8Array, keys: readonly VerifierKey[]): Promise<OpenedNote> {
  const parsed = parseNote(note);
  if (typeof parsed === "string") return malformed(parsed);
  const claims = claimsOf(parsed, keys);
  return judged(parsed, claims, await Promise.all(claims.map(verifyInPool)));
}

async function verifyInPool({ key, message, signature }: Claim): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    verify(null, message, key.keyObject, signature, (error, holds) =>
      error === null ? resolve(holds) : reject(error),
    );
  });
}

function malformed(reason: string): OpenedNote {
  return { ok: false, fault: "malformed", reason };
}

/** What is to be verified: that one of the keys has made this signature of this message. */
interface Claim extends VerifiedSignature {
  readonly message: Buffer;
  readonly signature: Buffer;
}

/** The first signature that names each of the keys. */
function claimsOf({ text, signatures }: ParsedNote, keys: readonly VerifierKey[]): readonly Claim[] {
  const claims = new Map<VerifierKey, Claim>();
  for (const { name, keyId, bytes } of signatures) {
    const key = keys.find((candidate) => candidate.name === name && candidate.keyId === keyId);
    if (key !== undefined && !claims.has(key)) claims.set(key, claimOf(text, bytes, key));
  }
  return [...claims.values()];
}

function judged(parsed: ParsedNote, claims: readonly Claim[], holds: readonly boolean[]): OpenedNote {
  const forged = claims.find((_, index) => holds[index] !== true);
  if (forged !== undefined) {
    return { ok: false, fault: "bad_signature", reason: `the signature of ${forged.key.name} does not fit the text` };
  }
  if (claims.length === 0) return { ok: false, fault: "unknown_key", reason: unknownKeyReason(parsed.signatures) };
  const signatures = claims.map(({ key, timestampSeconds }) => ({ key, timestampSeconds }));
  return { ok: true, text: parsed.text, signatures };
}

interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly bytes: Buffer;
}

interface ParsedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** The parts of a note whose form is right, or what is wrong with it. No signature is verified. */
export function parseNote(bytes: Uint8Array): ParsedNote | string {
  const note = decodeUtf8(bytes);
  if (note === null) return "it is not UTF-8";
  if (hasControlCharacter(note)) return "it holds a control character";
  // The text may hold empty lines of its own: the last one is the border.
  const border = note.lastIndexOf("\n\n");
  if (border === -1) return "it has no empty line before its signatures";
  const text = note.slice(0, border + 1);
  const block = note.slice(border + 2);
  if (!block.endsWith("\n")) return "its last line is cut off";
  const lines = block.slice(0, -1).split("\n");
  if (lines.length > maximumSignatures) return `it has more than ${maximumSignatures} signatures`;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignatureLine(line);
    if (signature === null) return "one of its signature lines is malformed";
    signatures.push(signature);
  }
  return { text, signatures };
}

function parseSignatureLine(line: string): NoteSignature | null {
  if (!line.startsWith(signaturePrefix)) return null;
  const [name = "", encoded = "", ...rest] = line.slice(signaturePrefix.length).split(" ");
  const bytes = bytesFromBase64(encoded);
  if (!isKeyName(name) || rest.length > 0 || bytes === null || bytes.length < 5) return null;
  return { name, keyId: bytes.toString("hex", 0, 4), bytes: bytes.subarray(4) };
}

/**
 * A cosignature (C2SP tlog-cosignature) is eight bytes of POSIX seconds, big-endian, then Ed25519 over a header with that time
 * and the text. One of another length verifies no message.
 */
function claimOf(text: string, bytes: Buffer, key: VerifierKey): Claim {
  if (key.algorithm === "ed25519") return { key, timestampSeconds: null, message: Buffer.from(text), signature: bytes };
  const timestamp = bytes.length === 72 ? bytes.readBigUInt64BE(0) : 0n;
  const message = Buffer.from(`cosignature/v1\ntime ${timestamp}\n${text}`);
  const signature = bytes.length === 72 ? bytes.subarray(8) : Buffer.alloc(0);
  return { key, timestampSeconds: Number(timestamp), message, signature };
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Anything below U+0020 except the line feed. */
function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 0x0a) return true;
  }
  return false;
}

function unknownKeyReason(signatures: readonly NoteSignature[]): string {
  const names = signatures.map((signature) => `${signature.name} (key id ${signature.keyId})`);
  return `it is signed by ${names.join(" and ")} and not by a key that was given`;
}
