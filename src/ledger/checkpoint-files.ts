import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { maximumNoteBytes, ownCheckpoint } from "./checkpoint-history.ts";
import { changeDirectoryOf, moveIntoPlace, writeFully, writeTemporaryFile } from "./durable-file.ts";
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
 * Makes a checkpoint the newest one, in an order that leaves something usable after every crash: the new file is written
 * whole, then the history grows, then the file moves into place. An error before the last step leaves both files as they
 * were; one in the last step is a PublishedError. Returns the length of the history.
 */
export async function publishCheckpoint(paths: LedgerPaths, note: string): Promise<number> {
  const temporaryPath = `${paths.checkpoint}.tmp`;
  await writeTemporaryFile(temporaryPath, [Buffer.from(note)], 0o644);
  let historyLength: number;
  try {
    historyLength = await appendToHistory(paths, Buffer.from(`${note}\n`));
  } catch (error) {
    await unlink(temporaryPath);
    throw error;
  }
  try {
    await moveIntoPlace(temporaryPath, paths.checkpoint);
  } catch (error) {
    throw new PublishedError(error);
  }
  return historyLength;
}

/** The checkpoint already stands in the history: what it covers must not be taken back. */
export class PublishedError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function appendToHistory(paths: LedgerPaths, entry: Buffer): Promise<number> {
  const handle = await openHistoryForAppending(paths);
  try {
    const { size } = await handle.stat();
    try {
      await writeFully(handle, entry);
      await handle.datasync();
    } catch (error) {
      await takeBack(handle, size);
      throw error;
    }
    return size + entry.length;
  } finally {
    await handle.close();
  }
}

async function takeBack(handle: FileHandle, length: number): Promise<void> {
  try {
    await handle.truncate(length);
    await handle.datasync();
  } catch (error) {
    throw new PublishedError(error);
  }
}

async function openHistoryForAppending(paths: LedgerPaths): Promise<FileHandle> {
  const existing = await openLedgerFileIfAny(paths.history, "write");
  if (existing !== null) return existing;
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL;
  return await changeDirectoryOf(paths.history, () => open(paths.history, flags, 0o644));
}

async function readPart(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
