import { CarbonOpsError } from "../errors.ts";
import { type Checkpoint, openCheckpoint, readCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { type LedgerPaths, openLedgerFileIfAny, readChunks, sizeIfAny } from "./ledger-files.ts";
import { beginsNote } from "./torn-note.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** A checkpoint takes some 300 bytes, and 150 more for each witness. */
export const maximumNoteBytes = 65_536;
const border = Buffer.from("\n\n");
const signatureStart = Buffer.from("— ");

/**
 * A note of a history and the offset behind it, or what is left at the end when a write was cut off: a power cut may have
 * lost any of the last pages, which then read as zeros. No note holds a zero byte.
 */
export type HistoryItem = { readonly note: Buffer; readonly end: number } | { readonly torn: Buffer };

/** Reads `<ledger>.checkpoints` from an offset, as far as it reached when it was opened. */
export async function* readHistory(paths: LedgerPaths, start = 0): AsyncGenerator<HistoryItem, void, undefined> {
  const handle = await openLedgerFileIfAny(paths.history, "read");
  if (handle === null) return;
  try {
    let rest: Buffer = Buffer.alloc(0);
    let end = start;
    // What is added from here on may be ahead of the ledger that is being read.
    const { size } = await handle.stat();
    for await (const chunk of readChunks(handle, start, size)) {
      const { notes, rest: unfinished } = splitNotes(Buffer.concat([rest, chunk]));
      for (const note of notes) {
        const hole = note.indexOf(0);
        if (hole !== -1) return yield { torn: note.subarray(0, hole) };
        end += note.length + 1;
        yield { note, end };
      }
      rest = Buffer.from(unfinished);
      if (rest.length > maximumNoteBytes) break;
    }
    // What goes on for so long without an end is no note; the reader finds it malformed.
    const hole = rest.indexOf(0);
    if (hole !== -1) yield { torn: rest.subarray(0, hole) };
    else if (rest.length > maximumNoteBytes) yield { note: rest, end: end + rest.length };
    else if (rest.length > 0 && (await handle.stat()).size === size) yield { torn: rest };
  } finally {
    await handle.close();
  }
}

/** The notes in `<ledger>.cosigned`; that file is never written in part. */
export async function readCosigned(paths: LedgerPaths): Promise<readonly Buffer[]> {
  const notes: Buffer[] = [];
  for await (const item of readHistory({ ...paths, history: paths.cosigned })) {
    notes.push("torn" in item ? item.torn : item.note);
  }
  return notes;
}

/** What a writer knows of the history: it only grows, so that what was examined once need not be read again. */
export interface KnownHistory {
  /** Bytes of whole checkpoints. */
  readonly byteLength: number;
  readonly newest: Checkpoint | null;
  /** Offset at which the newest one begins. */
  readonly newestStart: number;
  /** Whether the beginning of a checkpoint follows, as a crash leaves it. */
  readonly torn: boolean;
}

/** Why a torn end that no crash can have left is no torn end. */
export const tornWithoutCause = "it ends in the middle of a checkpoint, though no line waits for one";

export const unknownHistory: KnownHistory = { byteLength: 0, newest: null, newestStart: 0, torn: false };

/** So many bytes at the end of a history have their signatures verified: some 900 checkpoints, in a tenth of a second. */
const verifiedBytes = 1 << 18;

/**
 * Reads what a history holds beyond what is known of it: form, origin, key and order of every checkpoint, and the signatures
 * of the last ones. Throws LEDGER_INVALID when anything but a crash made it what it is: nothing may be signed on top of it.
 */
export async function examineHistory(
  paths: LedgerPaths,
  key: VerifierKey,
  origin: string,
  known: KnownHistory,
): Promise<KnownHistory> {
  const size = await sizeIfAny(paths.history);
  if (size < known.byteLength) throw altered(paths.history, "it is shorter than it was");
  let { byteLength, newest, newestStart } = known;
  for await (const item of readHistory(paths, byteLength)) {
    if ("torn" in item) {
      if (beginsNote(item.torn, key, origin)) return { byteLength, newest, newestStart, torn: true };
      throw altered(paths.history, "it ends in bytes that are no checkpoint");
    }
    // What others have added since is covered by the newest of their checkpoints.
    const isVerified = known.newest === null ? item.end > size - verifiedBytes : item.end === size;
    const open = isVerified ? ownCheckpoint : ownCheckpointUnverified;
    const checkpoint: Checkpoint = open(paths.history, item.note, key, origin);
    if (checkpoint.size < (newest?.size ?? 0)) throw altered(paths.history, "its checkpoints are not in order of size");
    newest = checkpoint;
    newestStart = item.end - item.note.length - 1;
    byteLength = item.end;
  }
  return { byteLength, newest, newestStart, torn: false };
}

/** The checkpoint of a note, signed by the ledger's own key. Throws LEDGER_INVALID when it is none, with its file's name. */
export function ownCheckpoint(path: string, note: Buffer, key: VerifierKey, origin: string): SignedCheckpoint {
  const opened = openCheckpoint(note, [key]);
  if (!opened.ok) throw altered(path, opened.reason);
  if (opened.checkpoint.origin !== origin) throw altered(path, "it belongs to another ledger");
  return opened.checkpoint;
}

function ownCheckpointUnverified(path: string, note: Buffer, key: VerifierKey, origin: string): Checkpoint {
  const checkpoint = readCheckpoint(note, key);
  if (typeof checkpoint === "string") throw altered(path, checkpoint);
  if (checkpoint.origin !== origin) throw altered(path, "it belongs to another ledger");
  return checkpoint;
}

export function altered(path: string, reason: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${path} was altered or damaged (${reason}), so nothing was written; restore it, or ask \`carbon-ops ledger verify\`.`,
  );
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
