import { bytesFromBase64 } from "./base64.ts";
import { openNote, signNote } from "./note.ts";
import type { Signer } from "./signing-key.ts";
import { parseVerifierKey, type VerifierKey, verifierKeyFor } from "./verifier-key.ts";

/**
 * A statement that one key follows another: a note (C2SP signed-note) that both have signed, the old one to hand over, the new one
 * to show that it is there. It stands in the first record of the segment that the new key signs. Whoever trusts the old key
 * follows it to the new one.
 */
export interface KeyRotation {
  /** The segment that the old key sealed: its log, its lines, and the RFC 6962 root over them. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly from: VerifierKey;
  readonly to: VerifierKey;
}

/** No checkpoint has this text: the second line of one is a number. */
const firstLine = "carbon-ops/key-rotation/v1";

/** More would not fit into the record. */
export const maximumKeyRotations = 100;

export async function signKeyRotation(
  { origin, size, root }: Pick<KeyRotation, "origin" | "size" | "root">,
  from: Signer,
  to: Signer,
): Promise<string> {
  const keys = [from, to].map(({ name, publicKey }) => verifierKeyFor(name, publicKey).vkey);
  const lines = [firstLine, origin, String(size), root.toString("base64"), ...keys];
  return await signNote(`${lines.join("\n")}\n`, from, to);
}

/** What a note says, once both keys have signed it; null for anything else. */
export function readKeyRotation(note: string): KeyRotation | null {
  const [first, origin = "", sizeText = "", rootText = "", fromText = "", toText = "", end] = note.split("\n");
  const size = Number(sizeText);
  const root = bytesFromBase64(rootText);
  if (first !== firstLine || end !== "" || !/^[1-9][0-9]{0,15}$/.test(sizeText) || root?.length !== 32) return null;
  const [from, to] = [keyOrNull(fromText), keyOrNull(toText)];
  if (from === null || to === null || !Number.isSafeInteger(size)) return null;
  const opened = openNote(Buffer.from(note), [from, to]);
  const isSignedByBoth = opened.ok && opened.signatures.length === 2 && opened.text.split("\n").length === 7;
  return isSignedByBoth ? { origin, size, root, from, to } : null;
}

/** The keys that follow those that are trusted, by statements in the order in which they were made. */
export function successorsOf(trusted: readonly VerifierKey[], notes: readonly string[]): readonly VerifierKey[] {
  const known = new Set(trusted.map(({ vkey }) => vkey));
  const found: VerifierKey[] = [];
  for (const note of notes) {
    const rotation = readKeyRotation(note);
    if (rotation === null || !known.has(rotation.from.vkey) || known.has(rotation.to.vkey)) continue;
    known.add(rotation.to.vkey);
    found.push(rotation.to);
  }
  return found;
}

/** The keys that a trusted key has taken over from: they signed the segments before, and nothing after. */
export function predecessorsOf(trusted: readonly VerifierKey[], notes: readonly string[]): readonly VerifierKey[] {
  const known = new Set(trusted.map(({ vkey }) => vkey));
  const found: VerifierKey[] = [];
  for (const note of notes.toReversed()) {
    const rotation = readKeyRotation(note);
    if (rotation === null || !known.has(rotation.to.vkey) || known.has(rotation.from.vkey)) continue;
    known.add(rotation.from.vkey);
    found.push(rotation.from);
  }
  return found;
}

function keyOrNull(text: string): VerifierKey | null {
  try {
    const key = parseVerifierKey(text);
    return key.algorithm === "ed25519" ? key : null;
  } catch {
    return null;
  }
}
