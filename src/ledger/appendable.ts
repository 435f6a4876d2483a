import { constants } from "node:fs";
import { access, type FileHandle, lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { assertNothingLeft } from "./creatable.ts";
import { directoryError, notALedger, openLedgerFile, openLedgerFileIfAny, readChunks } from "./ledger-files.ts";
import { LineSplitter } from "./line-splitter.ts";
import { assertLockAvailable } from "./lock.ts";
import { type Genesis, readGenesisLine } from "./own-records.ts";

/**
 * Says before any work is done what would stop a record from being appended to this path: it is no regular file or may not be
 * written, its directory is missing or closed, what is left of an earlier ledger of that name stands in the way, or neither koffi nor a `flock` program can lock. Nothing is written or created. Whether the
 * lines hold is looked at when the ledger is opened.
 *
 * Throws LEDGER_NOT_A_FILE, LEDGER_UNREADABLE, LEDGER_UNWRITABLE, LEDGER_EXISTS or LEDGER_LOCK_UNAVAILABLE.
 */
export async function assertPathWritable(path: string): Promise<void> {
  // Checkpoints are replaced by a rename, which needs the directory.
  await assertDirectoryWritable(dirname(path));
  const handle = await openLedgerFileIfAny(path, "write");
  if (handle === null) assertNothingLeft(path);
  else await handle.close();
  await assertLockAvailable();
}

/** The first record of a ledger. Throws LEDGER_INVALID when there is none, and what opening a file throws. */
export async function readGenesis(path: string): Promise<Genesis> {
  const handle = await openLedgerFile(path, "read");
  try {
    return await readGenesisOf(handle, path);
  } finally {
    await handle.close();
  }
}

/** The same of a file that is open. */
export async function readGenesisOf(handle: FileHandle, path: string): Promise<Genesis> {
  const splitter = new LineSplitter();
  const { size } = await handle.stat();
  for await (const chunk of readChunks(handle)) {
    for (const line of splitter.push(chunk)) {
      const genesis = readGenesisLine(line);
      if (typeof genesis === "string") throw notALedger(path, genesis);
      return genesis;
    }
  }
  throw notALedger(path, size === 0 ? "the file is empty" : "it is not complete");
}

async function assertDirectoryWritable(directory: string): Promise<void> {
  try {
    // The dot fails where the name is that of a file.
    const status = await lstat(`${directory}/.`);
    if (!status.isDirectory()) throw new Error("it is not a directory");
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw directoryError(directory, error);
  }
}
