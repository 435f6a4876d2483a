import { bytesFromBase64 } from "./base64.ts";
import {
  type NoteFault,
  type OpenedNote,
  openNote,
  openNoteInPool,
  parseNote,
  signNote,
  type VerifiedSignature,
} from "./note.ts";
import type { Signer } from "./signing-key.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** The head of a log at one moment (C2SP tlog-checkpoint): so many lines, with this Merkle root. */
export interface Checkpoint {
  /** Name of the log. */
  readonly origin: string;
  /** Number of lines. Sizes above 2^53 - 1 are refused: a double cannot count that far. */
  readonly size: number;
  /** RFC 6962 root over those lines, 32 bytes. */
  readonly root: Buffer;
}

export interface SignedCheckpoint extends Checkpoint {
  readonly signedBy: VerifierKey;
  /** Of the witnesses whose keys were given. */
  readonly cosignatures: readonly VerifiedSignature[];
}

/** The text that is signed: origin, size and root, a line each. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/** The checkpoint of a note's text, or null. Lines after the third are extensions, which mean nothing here. */
export function parseCheckpoint(text: string): Checkpoint | null {
  if (!text.endsWith("\n")) return null;
  const lines = text.slice(0, -1).split("\n");
  const [origin = "", sizeText = "", rootText = ""] = lines;
  if (lines.includes("") || !/^(0|[1-9][0-9]*)$/.test(sizeText)) return null;
  const size = Number(sizeText);
  const root = bytesFromBase64(rootText);
  if (!Number.isSafeInteger(size) || root?.length !== 32) return null;
  return { origin, size, root };
}

/** The checkpoint of a note that names the key, or what is wrong with its form. The signature itself is not verified. */
export function readCheckpoint(note: Uint8Array, key: VerifierKey): Checkpoint | string {
  const parsed = parseNote(note);
  if (typeof parsed === "string") return parsed;
  if (!parsed.signatures.some(({ name, keyId }) => name === key.name && keyId === key.keyId)) {
    return `it is not signed by ${key.name}`;
  }
  return parseCheckpoint(parsed.text) ?? "its text is no checkpoint";
}

export async function signCheckpoint(checkpoint: Checkpoint, ...signers: readonly Signer[]): Promise<string> {
  return await signNote(formatCheckpoint(checkpoint), ...signers);
}

export type OpenedCheckpoint =
  | { readonly ok: true; readonly checkpoint: SignedCheckpoint }
  | { readonly ok: false; readonly fault: NoteFault; readonly reason: string };

/** A checkpoint that one of the keys has signed. The cosignature of a witness alone says nothing about who wrote. */
export function openCheckpoint(note: Uint8Array, keys: readonly VerifierKey[]): OpenedCheckpoint {
  return checkpointIn(openNote(note, keys));
}

/** The same, with the signatures verified by Node's thread pool. */
export async function openCheckpointInPool(note: Uint8Array, keys: readonly VerifierKey[]): Promise<OpenedCheckpoint> {
  return checkpointIn(await openNoteInPool(note, keys));
}

function checkpointIn(opened: OpenedNote): OpenedCheckpoint {
  if (!opened.ok) return opened;
  const signature = opened.signatures.find(({ key }) => key.algorithm === "ed25519");
  if (signature === undefined) {
    return { ok: false, fault: "unknown_key", reason: "it carries a witness's cosignature only, not its author's" };
  }
  const checkpoint = parseCheckpoint(opened.text);
  if (checkpoint === null) return { ok: false, fault: "malformed", reason: "its text is no checkpoint" };
  const cosignatures = opened.signatures.filter(({ key }) => key.algorithm === "cosignature");
  return { ok: true, checkpoint: { ...checkpoint, signedBy: signature.key, cosignatures } };
}
