import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";

/** A ledger and the files that stand beside it. */
export interface LedgerPaths {
  readonly ledger: string;
  /** The newest signed checkpoint; replaced as a whole. */
  readonly checkpoint: string;
  /** Every checkpoint that was signed, oldest first, each followed by an empty line. */
  readonly history: string;
  /** Checkpoints with the cosignatures of witnesses, in order of size; replaced as a whole. */
  readonly cosigned: string;
  /** What proofs are made from; it can be removed at any time. */
  readonly tiles: string;
  /** Held by the writer; never removed, since two writers could then hold two locks. */
  readonly lock: string;
  /** Where the last writer stopped, so that the next one need not read the whole ledger. It can be removed at any time. */
  readonly frontier: string;
}

export function ledgerPaths(path: string): LedgerPaths {
  return {
    ledger: path,
    checkpoint: `${path}.checkpoint`,
    history: `${path}.checkpoints`,
    cosigned: `${path}.cosigned`,
    tiles: `${path}.tiles`,
    lock: `${path}.lock`,
    frontier: `${path}.frontier`,
  };
}

type Access = "read" | "write";

/**
 * Opens a file of a ledger. Symbolic links, directories, FIFOs and devices are refused, and none of them can hang the
 * program. Throws LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE, LEDGER_UNREADABLE or LEDGER_UNWRITABLE.
 */
export async function openLedgerFile(path: string, mode: Access): Promise<FileHandle> {
  const flags = mode === "write" ? constants.O_RDWR | constants.O_APPEND : constants.O_RDONLY;
  await assertRegularFile(path, mode);
  try {
    return await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw fileError(path, mode, error);
  }
}

/** The same, but null where there is no such file. */
export async function openLedgerFileIfAny(path: string, mode: Access): Promise<FileHandle | null> {
  try {
    return await openLedgerFile(path, mode);
  } catch (error) {
    if (error instanceof CarbonOpsError && error.code === "LEDGER_NOT_FOUND") return null;
    throw error;
  }
}

/** Bytes of a file; 0 where there is none. */
export async function sizeIfAny(path: string): Promise<number> {
  return (await statusOf(path, "read"))?.size ?? 0;
}

/** Throws LEDGER_EXISTS where a file is, LEDGER_NOT_A_FILE where something else is. */
export async function assertAbsent(path: string): Promise<void> {
  const status = await statusOf(path, "write");
  if (status === null) return;
  if (!status.isFile()) throw notAFile(path, status);
  throw new CarbonOpsError("LEDGER_EXISTS", `${path} exists already; choose another name, or append to it.`);
}

/** A file that is no ledger at all, or one whose first line was touched. */
export function notALedger(path: string, why: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${path} does not begin like a ledger (${why}), so nothing was written; name a ledger, or a file that does not exist yet.`,
  );
}

/** The same, said to somebody who only reads it. */
export function noLedgerToRead(path: string, why: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${path} does not begin like a ledger (${why}); name a ledger, or ask \`carbon-ops ledger verify\` whether its first line was touched.`,
  );
}

/** What is said of a ledger that may be written in a directory that may not. */
export function directoryClosed(path: string, error: unknown): CarbonOpsError {
  const code = systemErrorCode(error);
  const why = code === "EACCES" || code === "EPERM" ? "you may not write" : `writing is refused (${messageOf(error)})`;
  return new CarbonOpsError(
    "LEDGER_UNWRITABLE",
    `Nothing was written to ${path}, because its checkpoints are replaced by new files in ${dirname(path)}, where ${why}; let this user write in that directory.`,
    { cause: error },
  );
}

export function directoryError(directory: string, error: unknown): CarbonOpsError {
  const code = systemErrorCode(error);
  const why =
    code === "ENOENT" ? "it does not exist" : code === "EACCES" ? "you may not write there" : messageOf(error);
  return new CarbonOpsError(
    "LEDGER_UNWRITABLE",
    `The directory ${directory} cannot hold a ledger, because ${why}; create it or choose another.`,
    { cause: error },
  );
}

async function assertRegularFile(path: string, mode: Access): Promise<void> {
  const status = await statusOf(path, mode);
  if (status === null) {
    throw new CarbonOpsError(
      "LEDGER_NOT_FOUND",
      `There is no file ${path}; \`carbon-ops ledger init\` creates a ledger.`,
    );
  }
  if (!status.isFile()) throw notAFile(path, status);
}

function notAFile(path: string, status: Stats): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_NOT_A_FILE",
    `${path} is ${kindOf(status)} and cannot be a ledger; name a regular file.`,
  );
}

async function statusOf(path: string, mode: Access): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw fileError(path, mode, error);
  }
}

function kindOf(status: Stats): string {
  if (status.isSymbolicLink()) return "a symbolic link";
  if (status.isDirectory()) return "a directory";
  if (status.isFIFO()) return "a named pipe";
  return status.isSocket() ? "a socket" : "a device";
}

function fileError(path: string, mode: Access, error: unknown): CarbonOpsError {
  const verb = mode === "write" ? "written" : "read";
  const code = systemErrorCode(error);
  const why = code === "EACCES" || code === "EPERM" ? "you lack the permission" : messageOf(error);
  return new CarbonOpsError(
    mode === "write" ? "LEDGER_UNWRITABLE" : "LEDGER_UNREADABLE",
    `${path} cannot be ${verb}: ${why}; check the owner and mode of the file and of its directory.`,
    { cause: error },
  );
}

const chunkBytes = 1 << 18;

/** The bytes of a file between two offsets. Every chunk lies in the same memory: use it before asking for the next. */
export async function* readChunks(
  handle: FileHandle,
  start = 0,
  end = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (let position = start; position < end; ) {
    const bytesRead = await readInto(handle, buffer.subarray(0, Math.min(chunkBytes, end - position)), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readInto(handle: FileHandle, buffer: Buffer, position: number): Promise<number> {
  try {
    return (await handle.read(buffer, 0, buffer.length, position)).bytesRead;
  } catch (error) {
    throw new CarbonOpsError(
      "LEDGER_UNREADABLE",
      `A file of the ledger cannot be read to its end (${messageOf(error)}); check the disk, and restore a copy.`,
      { cause: error },
    );
  }
}
