import { rename } from "node:fs/promises";
import type { Clock } from "../clock.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { readPart } from "./checkpoint-files.ts";
import { maximumNoteBytes } from "./checkpoint-history.ts";
import { changeDirectoryOf, writeTemporaryFile } from "./durable-file.ts";
import { openLedgerFileIfAny } from "./ledger-files.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { parseNote } from "./note.ts";

/**
 * What a verifier remembers of a ledger: the largest signed checkpoint that it has found to hold, as the note itself, so that
 * nobody without the key can make one up. It only ever moves forward. Throws LEDGER_UNREADABLE, also for a file that is there
 * and holds something else.
 */
export async function readState(path: string): Promise<Buffer | null> {
  const note = await readStateFile(path);
  if (note !== null && checkpointOf(note) === null) {
    throw damagedState(path, note.length === 0 ? "it is empty" : "it is no signed checkpoint");
  }
  return note;
}

/** A state that says nothing of the ledger: neither that it holds nor that it does not. */
export function damagedState(path: string, why: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_UNREADABLE",
    `The state ${path} is damaged (${why}), so the ledger cannot be held against it; restore a copy, or remove it to begin anew: what was cut off until then does not show any more.`,
  );
}

async function readStateFile(path: string): Promise<Buffer | null> {
  try {
    const handle = await openLedgerFileIfAny(path, "read");
    if (handle === null) return null;
    try {
      return await readPart(handle, 0, maximumNoteBytes);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new CarbonOpsError(
      "LEDGER_UNREADABLE",
      `The state ${path} cannot be read (${whyUnreadable(error)}), so the ledger cannot be held against it; name the file that remembers it, or a new one.`,
      { cause: error },
    );
  }
}

function whyUnreadable(error: unknown): string {
  if (!(error instanceof CarbonOpsError)) return messageOf(error);
  return error.code === "LEDGER_NOT_A_FILE" ? "it is no regular file" : "it may not be read";
}

const lockWaitSeconds = 30;

/**
 * Puts a checkpoint in the place of the one that it was checked against, which is `before`. When another verifier has moved the
 * state meanwhile, the larger checkpoint stays. Returns whether the state has moved. Throws LEDGER_LOCKED,
 * LEDGER_LOCK_UNAVAILABLE or LEDGER_UNWRITABLE.
 */
export async function moveState(path: string, before: Buffer | null, note: string, clock: Clock): Promise<boolean> {
  const lock = await lockState(path, clock);
  try {
    const present = await readState(path);
    if (present?.toString("utf8") === note) return false;
    const isMoved = present !== null && before !== null && !present.equals(before);
    if ((isMoved || before === null) && present !== null && !isBehind(present, Buffer.from(note))) return false;
    await writeTemporaryFile(`${path}.tmp`, [Buffer.from(note)], 0o644);
    await changeDirectoryOf(path, () => rename(`${path}.tmp`, path));
    return true;
  } catch (error) {
    if (error instanceof CarbonOpsError) throw error;
    throw unwritableState(path, messageOf(error), error);
  } finally {
    await lock.release();
  }
}

async function lockState(path: string, clock: Clock): Promise<Lock> {
  try {
    return await acquireLock(`${path}.lock`, lockWaitSeconds, clock);
  } catch (error) {
    // Its words are about ledgers.
    if (!(error instanceof CarbonOpsError) || error.code !== "LEDGER_UNWRITABLE") throw error;
    const isMissing = systemErrorCode(error.cause) === "ENOENT";
    throw unwritableState(path, isMissing ? "its directory does not exist" : messageOf(error.cause), error);
  }
}

function unwritableState(path: string, why: string, cause: unknown): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_UNWRITABLE",
    `The state ${path} cannot be written (${why}); what it remembers has stayed as it was, so name a place that you may write to.`,
    { cause },
  );
}

/** Whether one state is a smaller one of the same log; of another log it may have been left long ago. */
function isBehind(present: Buffer, next: Buffer): boolean {
  const [old, young] = [checkpointOf(present), checkpointOf(next)];
  return old !== null && young !== null && old.origin === young.origin && old.size < young.size;
}

/** The checkpoint of a note, whoever signed it. */
export function checkpointOf(note: Uint8Array): Checkpoint | null {
  const parsed = parseNote(note);
  return typeof parsed === "string" ? null : parseCheckpoint(parsed.text);
}
