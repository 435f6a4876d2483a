import { randomBytes } from "node:crypto";
import { constants, writeSync } from "node:fs";
import { type FileHandle, link, open, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Files that survive a power cut. A name is durable only when its directory has been synced, content only when the file
 * has; the directory is opened before the change, so that an error of its write-back cannot pass unseen.
 */

/** Writes all bytes at the handle's position; one call may write fewer than it was asked to. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, null);
    written += bytesWritten;
  }
}

/** So many bytes go to the kernel's cache in less time than a thread of the pool takes to be asked. */
const directBytes = 1 << 16;

/** The same at the end of a file that is open for appending; little is written at once, in this thread. */
export async function appendFully(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  if (bytes.length > directBytes) return await writeFully(handle, bytes);
  for (let written = 0; written < bytes.length; ) written += writeSync(handle.fd, bytes, written);
}

/** Runs a change of names (link, rename, unlink) in the directory of a path and makes it durable. */
export async function changeDirectoryOf<Result>(path: string, change: () => Promise<Result>): Promise<Result> {
  const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const result = await change();
    await directory.sync();
    return result;
  } finally {
    await directory.close();
  }
}

/**
 * Writes a file under a name that nobody looks for; the caller moves it into place or removes it. One that a crash left
 * there is replaced.
 */
export async function writeTemporaryFile(
  temporaryPath: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  await rm(temporaryPath, { force: true });
  const handle = await open(temporaryPath, "wx", mode);
  try {
    for await (const chunk of chunks) await writeFully(handle, chunk);
    await handle.sync();
  } catch (error) {
    await unlink(temporaryPath);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Creates a file that appears whole or not at all. Rejects with EEXIST where a file of that name already is. */
export async function createFile(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const temporaryPath = `${path}.tmp-${randomBytes(6).toString("hex")}`;
  await writeTemporaryFile(temporaryPath, [bytes], mode);
  try {
    await changeDirectoryOf(path, () => link(temporaryPath, path));
  } finally {
    await unlink(temporaryPath);
  }
}

/** Cuts a file off behind its first bytes, and makes that durable. */
export async function cutFile(handle: FileHandle, length: number): Promise<void> {
  await handle.truncate(length);
  await handle.datasync();
}

/** Puts a written temporary file in the place of another. */
export async function moveIntoPlace(temporaryPath: string, path: string): Promise<void> {
  await changeDirectoryOf(path, () => rename(temporaryPath, path));
}

/** The same, but never in the place of another: rejects with EEXIST where a file of that name already is. */
export async function moveToFreeName(temporaryPath: string, path: string): Promise<void> {
  await changeDirectoryOf(path, async () => {
    await link(temporaryPath, path);
    await unlink(temporaryPath);
  });
}
