import { bytesOf } from "./bytes.ts";
import { type Checkpoint, openCheckpoint } from "./note.ts";
import { readKey } from "./verifier-key.ts";

export type CheckpointVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint }
  | { readonly ok: false; readonly reason: string };

/** Whether one of the keys has signed a checkpoint. Throws KEY_INVALID, and INPUT_INVALID where there is no Ed25519. */
export async function verifyCheckpoint(note: string | Uint8Array, keys: readonly string[]): Promise<CheckpointVerdict> {
  const checkpoint = await openCheckpoint(bytesOf(note), await Promise.all(keys.map(readKey)));
  return typeof checkpoint === "string" ? { ok: false, reason: checkpoint } : { ok: true, checkpoint };
}
