import { rename } from "node:fs/promises";
import type { Clock } from "../clock.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { readPart } from "./checkpoint-files.ts";
import { maximumNoteBytes } from "./checkpoint-history.ts";
import { changeDirectoryOf, writeTemporaryFile } from "./durable-file.ts";
import { openLedgerFileIfAny } from "./ledger-files.ts";
import { acquireLock } from "./lock.ts";
import { parseNote } from "./note.ts";

/**
 * What a verifier remembers of a ledger: the largest signed checkpoint that it has found to hold, as the note itself, so that
 * nobody without the key can make one up. It only ever moves forward.
 */
export async function readState(path: string): Promise<Buffer | null> {
  const handle = await openLedgerFileIfAny(path, "read");
  if (handle === null) return null;
  try {
    return await readPart(handle, 0, maximumNoteBytes);
  } finally {
    await handle.close();
  }
}

const lockWaitSeconds = 30;

/**
 * Puts a checkpoint in the place of the one that it was checked against, which is `before`. When another verifier has moved the
 * state meanwhile, the larger checkpoint stays. Returns whether the state has moved. Throws LEDGER_LOCKED,
 * LEDGER_LOCK_UNAVAILABLE or LEDGER_UNWRITABLE.
 */
export async function moveState(path: string, before: Buffer | null, note: string, clock: Clock): Promise<boolean> {
  const lock = await acquireLock(`${path}.lock`, lockWaitSeconds, clock);
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
    throw new CarbonOpsError(
      "LEDGER_UNWRITABLE",
      `The state ${path} cannot be written (${messageOf(error)}); what it remembers has stayed as it was, so name a place that you may write to.`,
      { cause: error },
    );
  } finally {
    await lock.release();
  }
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
