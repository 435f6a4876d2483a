import { createHash } from "node:crypto";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { JsonObject } from "./canonical-json.ts";
import { moveIntoPlace, writeTemporaryFile } from "./durable-file.ts";
import { type LedgerPaths, openLedgerFile, readChunks } from "./ledger-files.ts";
import { tornBytesRecord } from "./own-records.ts";

/**
 * What a crash leaves behind. The bytes after the last good line are copied to `<ledger>.torn-<length>` before they are cut
 * off, those after the last whole checkpoint to `<ledger>.checkpoints.torn-<length>`, where `<length>` is that of the ledger.
 * As long as the ledger is exactly so many bytes long, the file says that a repair has not been recorded yet; so a crash
 * between the cut and the record loses nothing.
 */
export async function setAsideTail(path: string, handle: FileHandle, offset: number): Promise<void> {
  await setAside(path, handle, offset, offset);
}

/** Sets aside the beginning of a checkpoint at the end of a history. */
export async function setAsideTornCheckpoint(
  paths: LedgerPaths,
  historyLength: number,
  ledgerLength: number,
): Promise<void> {
  const handle = await openLedgerFile(paths.history, "write");
  try {
    await setAside(paths.history, handle, historyLength, ledgerLength);
  } finally {
    await handle.close();
  }
}

async function setAside(path: string, handle: FileHandle, offset: number, ledgerLength: number): Promise<void> {
  const temporaryPath = `${path}.torn.tmp`;
  await writeTemporaryFile(temporaryPath, readChunks(handle, offset), 0o644);
  await moveIntoPlace(temporaryPath, await freeTornPath(path, ledgerLength));
  await handle.truncate(offset);
  await handle.datasync();
}

/** The repairs at this length of the ledger that it does not tell of yet. */
export async function unrecordedRepairs(
  paths: LedgerPaths,
  ledgerLength: number,
  repairedAt: string,
): Promise<JsonObject[]> {
  const records: JsonObject[] = [];
  for (const [path, reason] of [
    [paths.ledger, "torn_tail"],
    [paths.history, "torn_checkpoint"],
  ] as const) {
    for (const file of await tornFiles(path, ledgerLength)) {
      const { bytes, sha256 } = await measure(join(dirname(path), file));
      records.push(tornBytesRecord(reason, { file, bytes, sha256 }, repairedAt));
    }
  }
  return records;
}

/**
 * Lines that no checkpoint covers may have been left by a sync that failed: the kernel then shows them, and has forgotten
 * that they are not on the disk. Writing the same bytes again makes it write them.
 */
export async function rewriteTail(path: string, source: FileHandle, offset: number): Promise<void> {
  // Not opened for appending, which would send every write to the end.
  const target = await open(path, "r+");
  try {
    let position = offset;
    for await (const chunk of readChunks(source, offset)) {
      for (let written = 0; written < chunk.length; ) {
        const { bytesWritten } = await target.write(chunk, written, chunk.length - written, position);
        written += bytesWritten;
        position += bytesWritten;
      }
    }
    await target.datasync();
  } finally {
    await target.close();
  }
}

async function freeTornPath(path: string, ledgerLength: number): Promise<string> {
  const taken = (await tornFiles(path, ledgerLength)).length;
  return taken === 0 ? `${path}.torn-${ledgerLength}` : `${path}.torn-${ledgerLength}.${taken + 1}`;
}

async function tornFiles(path: string, ledgerLength: number): Promise<string[]> {
  const first = `${basename(path)}.torn-${ledgerLength}`;
  const isTornFile = (name: string): boolean =>
    name === first || (name.startsWith(`${first}.`) && /^[0-9]+$/.test(name.slice(first.length + 1)));
  return (await readdir(dirname(path))).filter(isTornFile).sort();
}

async function measure(path: string): Promise<{ bytes: number; sha256: string }> {
  const digest = createHash("sha256");
  let bytes = 0;
  const handle = await open(path, "r");
  try {
    for await (const chunk of readChunks(handle)) {
      digest.update(chunk);
      bytes += chunk.length;
    }
  } finally {
    await handle.close();
  }
  return { bytes, sha256: digest.digest("hex") };
}
