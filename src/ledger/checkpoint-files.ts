import { type FileHandle, rename } from "node:fs/promises";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { maximumNoteBytes, ownCheckpoint } from "./checkpoint-history.ts";
import { writeTemporaryFile } from "./durable-file.ts";
import { type LedgerPaths, openLedgerFileIfAny } from "./ledger-files.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** The note in `<ledger>.checkpoint`, or null where there is none. Of a file that is far too long, the beginning. */
export async function readLatestNote(paths: LedgerPaths): Promise<Buffer | null> {
  const handle = await openLedgerFileIfAny(paths.checkpoint, "read");
  if (handle === null) return null;
  try {
    return await readPart(handle, 0, maximumNoteBytes);
  } finally {
    await handle.close();
  }
}

/** The checkpoint in `<ledger>.checkpoint`, or null where there is none. Throws LEDGER_INVALID when it was altered. */
export async function latestCheckpoint(
  paths: LedgerPaths,
  key: VerifierKey,
  origin: string,
): Promise<SignedCheckpoint | null> {
  const note = await readLatestNote(paths);
  return note === null ? null : ownCheckpoint(paths.checkpoint, note, key, origin);
}

/**
 * Puts a checkpoint in the place of the newest one; readers see the old file or the new one. Its bytes are on the disk before
 * its name is, the name itself is not synced: after a power cut the older one may be there again, and the history has both.
 */
export async function replaceLatestCheckpoint(paths: LedgerPaths, note: Buffer): Promise<void> {
  const temporaryPath = `${paths.checkpoint}.tmp`;
  await writeTemporaryFile(temporaryPath, [note], 0o644);
  await rename(temporaryPath, paths.checkpoint);
}

/** The bytes of a file at a position; fewer where it ends before. */
export async function readPart(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
