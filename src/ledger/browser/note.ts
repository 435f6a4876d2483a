import { type Bytes, bytesFromBase64, bytesOf, concatenated, hexOf, textOf } from "./bytes.ts";
import { type BrowserKey, isSignedBy } from "./verifier-key.ts";

/** What a log has signed about itself (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Name of the log. */
  readonly origin: string;
  /** Number of lines. */
  readonly size: number;
  /** RFC 6962 root over them. */
  readonly root: Bytes;
  /** The author's key, as text. */
  readonly signedBy: string;
  /** Of the witnesses whose keys were given; POSIX seconds. */
  readonly cosignatures: readonly { readonly witness: string; readonly timestampSeconds: number }[];
}

const maximumSignatures = 100;

/** A checkpoint that one of the keys has signed, or what is wrong with it. */
export async function openCheckpoint(note: Uint8Array, keys: readonly BrowserKey[]): Promise<Checkpoint | string> {
  const text = textOf(note);
  if (text === null) return "it is not UTF-8";
  const border = text.lastIndexOf("\n\n");
  // Control characters other than the line feed have no place in a note.
  if (border === -1 || !text.endsWith("\n") || /[^\P{Cc}\n\u007f-\u009f]/u.test(text)) return "it is no signed note";
  const body = text.slice(0, border + 1);
  const lines = text.slice(border + 2, -1).split("\n");
  if (lines.length > maximumSignatures) return `it has more than ${maximumSignatures} signatures`;
  let signedBy: string | null = null;
  const cosignatures = new Map<string, number>();
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === null) return "one of its signature lines is malformed";
    const key = keys.find(({ name, keyId }) => name === signature.name && keyId === signature.keyId);
    if (key === undefined) continue;
    const time = await verified(key, body, signature.bytes);
    if (time === null) return `the signature of ${key.name} does not fit the text`;
    if (key.isWitness) cosignatures.set(key.vkey, time);
    else signedBy ??= key.vkey;
  }
  if (signedBy === null) return "it is not signed by an author's key that was given";
  const checkpoint = parseText(body);
  if (checkpoint === null) return "its text is no checkpoint";
  const seen = [...cosignatures].map(([witness, timestampSeconds]) => ({ witness, timestampSeconds }));
  return { ...checkpoint, signedBy, cosignatures: seen };
}

function parseText(text: string): Pick<Checkpoint, "origin" | "size" | "root"> | null {
  const lines = text.slice(0, -1).split("\n");
  const [origin = "", sizeText = "", rootText = ""] = lines;
  if (lines.includes("") || !/^(0|[1-9][0-9]*)$/.test(sizeText)) return null;
  const size = Number(sizeText);
  const root = bytesFromBase64(rootText);
  return Number.isSafeInteger(size) && root?.length === 32 ? { origin, size, root } : null;
}

interface Signature {
  readonly name: string;
  readonly keyId: string;
  readonly bytes: Bytes;
}

function parseSignature(line: string): Signature | null {
  const [, name, encoded] = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
  const bytes = bytesFromBase64(encoded ?? "");
  if (name === undefined || bytes === null || bytes.length < 5) return null;
  return { name, keyId: hexOf(bytes.subarray(0, 4)), bytes: bytes.slice(4) };
}

/** The time of a cosignature, 0 for a plain signature; null when it does not hold. */
async function verified(key: BrowserKey, text: string, signature: Bytes): Promise<number | null> {
  if (!key.isWitness) return (await isSignedBy(key, bytesOf(text), signature)) ? 0 : null;
  if (signature.length !== 72) return null;
  const seconds = new DataView(signature.buffer).getBigUint64(0);
  const message = concatenated(bytesOf(`cosignature/v1\ntime ${seconds}\n`), bytesOf(text));
  return (await isSignedBy(key, message, signature.slice(8))) ? Number(seconds) : null;
}
