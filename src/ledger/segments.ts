import { link, rename, rm, unlink } from "node:fs/promises";
import { CarbonOpsError } from "../errors.ts";
import { changeDirectoryOf, writeTemporaryFile } from "./durable-file.ts";
import { identityAt, isSameFile } from "./file-identity.ts";
import type { LedgerPaths } from "./ledger-files.ts";
import { maximumSegments } from "./own-records.ts";

/**
 * A ledger of several files: complete segments stand beside it as `<ledger>.000001` and so on, each with its checkpoints under
 * its own name, so that a segment is a ledger of its own; the newest one has the ledger's name. Its first record says where
 * the one before it ended.
 */
export function sealedPath(path: string, segment: number): string {
  return `${path}.${String(segment).padStart(6, "0")}`;
}

/** The ledger that a complete segment belongs to; null for any other file. */
export function ledgerOfSealed(path: string): string | null {
  const ledger = /^(?<ledger>.+)\.\d{6}$/s.exec(path)?.groups?.["ledger"];
  return ledger !== undefined && identityAt(ledger) !== null ? ledger : null;
}

/** Files of a segment that move with it. */
const endings = ["", ".checkpoints", ".checkpoint", ".cosigned"] as const;

/**
 * Gives the files of a complete segment their lasting names, and puts a new one, of one line, in its place. The old names go
 * only when the new ones are on the disk; whatever a crash leaves, `undoInterruptedRotation` or the last step mends it: a
 * ledger of one unsigned line is one whose creation was interrupted. Throws LEDGER_EXISTS where somebody's file has one of those names.
 */
export async function rotateFiles(paths: LedgerPaths, segment: number, firstLine: Buffer): Promise<void> {
  const path = paths.ledger;
  const sealed = sealedPath(path, segment);
  assertNumberFree(path, segment);
  assertNamesFree(path, sealed);
  const nextPath = `${path}.next`;
  await writeTemporaryFile(nextPath, [firstLine], 0o644);
  try {
    await changeDirectoryOf(path, async () => {
      for (const ending of endings) {
        // A ledger without witnesses has no file for them.
        if (ending === ".cosigned" && identityAt(path + ending) === null) continue;
        await link(path + ending, sealed + ending);
      }
    });
    await unlink(paths.checkpoint);
    await unlink(paths.history);
    if (identityAt(paths.cosigned) !== null) await unlink(paths.cosigned);
    await changeDirectoryOf(path, () => rename(nextPath, path));
  } catch (error) {
    await undoInterruptedRotation(paths, segment);
    await rm(nextPath, { force: true });
    throw error;
  }
}

function assertNumberFree(path: string, segment: number): void {
  if (segment < maximumSegments) return;
  throw new CarbonOpsError(
    "LEDGER_UNWRITABLE",
    `${path} was not sealed, because it is segment ${segment} and a ledger has no more than that; begin a new ledger.`,
  );
}

function assertNamesFree(path: string, sealed: string): void {
  const taken = endings.map((ending) => sealed + ending).find((name) => identityAt(name) !== null);
  if (taken === undefined) return;
  throw new CarbonOpsError(
    "LEDGER_EXISTS",
    `${path} was not sealed, because ${taken} stands where its lines or checkpoints would go, and it goes on as it was; move that file away, and rotate again.`,
  );
}

/**
 * Takes back a rotation that has not come to its end: the segment has both names then, or its checkpoints have only the new
 * one. Returns whether there was one.
 */
export async function undoInterruptedRotation({ ledger: path }: LedgerPaths, segment: number): Promise<boolean> {
  const sealed = sealedPath(path, segment);
  if (!isSameFile(identityAt(path), identityAt(sealed))) return false;
  await changeDirectoryOf(path, async () => {
    for (const ending of endings) {
      if (identityAt(path + ending) !== null || identityAt(sealed + ending) === null) continue;
      await link(sealed + ending, path + ending);
    }
  });
  await changeDirectoryOf(path, async () => {
    // The name that tells of the interruption goes last.
    for (const ending of endings.toReversed()) {
      if (isSameFile(identityAt(path + ending), identityAt(sealed + ending))) await unlink(sealed + ending);
    }
  });
  return true;
}
