import { bytesFromBase64 } from "./base64.ts";
import { openNote, signNote } from "./note.ts";
import type { Genesis } from "./own-records.ts";
import type { Signer } from "./signing-key.ts";
import { parseVerifierKey, type VerifierKey, verifierKeyFor } from "./verifier-key.ts";

/**
 * A statement that one key follows another: a note (C2SP signed-note) that both have signed, the old one to hand over, the new one
 * to show that it is there. It stands in the first record of the segment that the new key signs, and in those of later ones.
 * Whoever trusts the old key follows it to the new one.
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

/**
 * The statement by which the key of a segment follows that of the segment before it, or null. It was made when that one was
 * sealed, so it counts only if it is about exactly what this one goes on from: whoever holds a new key can copy the statement
 * that gave it to him into any file, but not have it made for another log, or for fewer lines than were handed over.
 */
export function rotationInto({ previous, keyRotations }: Genesis): KeyRotation | null {
  if (previous === null) return null;
  const { origin, size, root } = previous;
  const about = `${[firstLine, origin, size, Buffer.from(root, "hex").toString("base64")].join("\n")}\n`;
  const note = keyRotations.findLast((each) => each.startsWith(about));
  return note === undefined ? null : readKeyRotation(note);
}

/**
 * The keys that may sign a segment, of those that may sign the one before it: where a statement gives the ledger from one of
 * them to another key, that key, and no longer the one before it.
 */
export function keysAfter(keys: readonly VerifierKey[], rotation: KeyRotation | null): readonly VerifierKey[] {
  if (rotation === null || !holdsKey(keys, rotation.from)) return keys;
  return withKey(withoutKey(keys, rotation.from), rotation.to);
}

/**
 * For each segment, oldest first, the keys that may have signed its checkpoints, for a verifier who trusts some. Forwards, a
 * statement ends the key that it replaces. Backwards, a key that one of them has replaced may have signed the segment that the
 * statement is about and those before it: the trusted key has signed what they are. A null is no genesis record.
 */
export function keysOfSegments(
  trusted: readonly VerifierKey[],
  segments: readonly (Genesis | null)[],
): readonly (readonly VerifierKey[])[] {
  const rotations = segments.map((genesis) => (genesis === null ? null : rotationInto(genesis)));
  let current = trusted;
  const successors = rotations.map((rotation) => {
    current = keysAfter(current, rotation);
    return current;
  });
  let former: readonly VerifierKey[] = [];
  return rotations
    .map((rotation, index) => ({ rotation, own: successors[index] ?? [] }))
    .toReversed()
    .map(({ rotation, own }) => {
      const keys = former.reduce(withKey, own);
      if (rotation !== null && holdsKey(keys, rotation.to)) {
        former = withKey(withoutKey(former, rotation.to), rotation.from);
      }
      return keys;
    })
    .toReversed();
}

/** Whether statements lead from a key to another one, whatever ledger they are about: who may sign this one they do not say. */
export function leadsTo(from: VerifierKey, to: VerifierKey, notes: readonly string[]): boolean {
  const known = new Set([from.vkey]);
  for (const note of notes) {
    const rotation = readKeyRotation(note);
    if (rotation !== null && known.has(rotation.from.vkey)) known.add(rotation.to.vkey);
  }
  return known.has(to.vkey);
}

function holdsKey(keys: readonly VerifierKey[], { vkey }: VerifierKey): boolean {
  return keys.some((key) => key.vkey === vkey);
}

function withKey(keys: readonly VerifierKey[], key: VerifierKey): readonly VerifierKey[] {
  return holdsKey(keys, key) ? keys : [...keys, key];
}

function withoutKey(keys: readonly VerifierKey[], { vkey }: VerifierKey): readonly VerifierKey[] {
  return keys.filter((key) => key.vkey !== vkey);
}

function keyOrNull(text: string): VerifierKey | null {
  try {
    const key = parseVerifierKey(text);
    return key.algorithm === "ed25519" ? key : null;
  } catch {
    return null;
  }
}
