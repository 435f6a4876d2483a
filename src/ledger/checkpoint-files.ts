import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { CarbonOpsError } from "../errors.ts";
import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { changeDirectoryOf, moveIntoPlace, writeFully, writeTemporaryFile } from "./durable-file.ts";
import { type LedgerPaths, openLedgerFileIfAny, readChunks } from "./ledger-files.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** A checkpoint takes some 300 bytes, and 150 more for each witness. */
const maximumNoteBytes = 65_536;
const border = Buffer.from("\n\n");
const signatureStart = Buffer.from("— ");

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

/** Notes of a history as they were written, and what is left at its end when a write was cut off. */
export type HistoryItem = { readonly note: Buffer } | { readonly torn: Buffer };

/** Reads `<ledger>.checkpoints` from its beginning, as far as it reached when it was opened. */
export async function* readHistory(paths: LedgerPaths): AsyncGenerator<HistoryItem, void, undefined> {
  const handle = await openLedgerFileIfAny(paths.history, "read");
  if (handle === null) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    // What is added from here on may be ahead of the ledger that is being read.
    const { size } = await handle.stat();
    for await (const chunk of readChunks(handle, 0, size)) {
      const { notes, rest: unfinished } = splitNotes(Buffer.concat([rest, chunk]));
      for (const note of notes) yield { note };
      rest = Buffer.from(unfinished);
      if (rest.length > maximumNoteBytes) break;
    }
    // What goes on for so long without an end is no note; the reader finds it malformed.
    if (rest.length > maximumNoteBytes) yield { note: rest };
    else if (rest.length > 0 && (await handle.stat()).size === size) yield { torn: rest };
  } finally {
    await handle.close();
  }
}

/**
 * The newest checkpoint that a ledger's own key has signed, from both files, or null when there is none at all: a crash
 * between the two leaves the newer one in the history only.
 *
 * Throws LEDGER_INVALID when one of them was altered: nothing may be signed on top of it.
 */
export async function newestCheckpoint(
  paths: LedgerPaths,
  key: VerifierKey,
  origin: string,
): Promise<SignedCheckpoint | null> {
  const latest = await readLatestNote(paths);
  const historical = await lastHistoryNote(paths);
  const found = [
    latest === null ? null : ownCheckpoint(paths.checkpoint, latest, key, origin),
    historical === null ? null : ownCheckpoint(paths.history, historical, key, origin),
  ];
  return found.reduce((newest, next) => (next !== null && next.size > (newest?.size ?? -1) ? next : newest), null);
}

function ownCheckpoint(path: string, note: Buffer, key: VerifierKey, origin: string): SignedCheckpoint {
  const opened = openCheckpoint(note, [key]);
  const reason = opened.ok
    ? opened.checkpoint.origin === origin
      ? null
      : "it belongs to another ledger"
    : opened.reason;
  if (opened.ok && reason === null) return opened.checkpoint;
  throw new CarbonOpsError(
    "LEDGER_INVALID",
    `${path} was altered or damaged (${reason}), so nothing was written; restore it, or ask \`carbon-ops ledger verify\`.`,
  );
}

async function lastHistoryNote(paths: LedgerPaths): Promise<Buffer | null> {
  const handle = await openLedgerFileIfAny(paths.history, "read");
  if (handle === null) return null;
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - maximumNoteBytes);
    const { notes } = splitNotes(await readPart(handle, start, maximumNoteBytes));
    // Read from the middle, the first piece is the end of a note; only the last one is of interest.
    return notes.at(-1) ?? null;
  } finally {
    await handle.close();
  }
}

/**
 * Makes a checkpoint the newest one, in an order that leaves something usable after every crash: the new file is written
 * whole, then the history grows, then the file moves into place. An error before the last step leaves both files as they
 * were; one in the last step is a PublishedError.
 */
export async function publishCheckpoint(paths: LedgerPaths, note: string): Promise<void> {
  const temporaryPath = `${paths.checkpoint}.tmp`;
  await writeTemporaryFile(temporaryPath, [Buffer.from(note)], 0o644);
  try {
    await appendToHistory(paths, note);
  } catch (error) {
    await unlink(temporaryPath);
    throw error;
  }
  try {
    await moveIntoPlace(temporaryPath, paths.checkpoint);
  } catch (error) {
    throw new PublishedError(error);
  }
}

/** The checkpoint already stands in the history: what it covers must not be taken back. */
export class PublishedError extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function appendToHistory(paths: LedgerPaths, note: string): Promise<void> {
  const handle = await openHistoryForAppending(paths);
  try {
    const goodLength = await wholeNotesLength(handle);
    await handle.truncate(goodLength);
    try {
      await writeFully(handle, Buffer.from(`${note}\n`));
      await handle.datasync();
    } catch (error) {
      await takeBack(handle, goodLength);
      throw error;
    }
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

/** Length without the piece of a note that a crash may have left at the end. */
async function wholeNotesLength(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const start = Math.max(0, size - maximumNoteBytes);
  const { rest } = splitNotes(await readPart(handle, start, maximumNoteBytes));
  return size - rest.length;
}

/** Notes, each followed by an empty line. The empty line between text and signatures ends none: no signature precedes it. */
function splitNotes(bytes: Buffer): { readonly notes: readonly Buffer[]; readonly rest: Buffer } {
  const notes: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(border); end !== -1; end = bytes.indexOf(border, end + 1)) {
    const lastLine = bytes.subarray(bytes.lastIndexOf("\n", end - 1) + 1, end);
    if (!lastLine.subarray(0, signatureStart.length).equals(signatureStart)) continue;
    notes.push(bytes.subarray(start, end + 1));
    start = end + border.length;
  }
  return { notes, rest: bytes.subarray(start) };
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
