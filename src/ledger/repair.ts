import { createHash } from "node:crypto";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemErrorCode } from "../errors.ts";
import type { JsonObject } from "./canonical-json.ts";
import { moveToFreeName, writeTemporaryFile } from "./durable-file.ts";
import { type LedgerPaths, openLedgerFile, readChunks } from "./ledger-files.ts";
import { tornBytesRecord } from "./own-records.ts";

/** Where a ledger ended when it was mended: its segment, from 1, and the segment's length in bytes. */
export interface MendedPlace {
  readonly segment: number;
  readonly length: number;
}

/**
 * What a crash leaves behind. The bytes after the last good line are copied to `<ledger>.torn-<length>` before they are cut
 * off, those after the last whole checkpoint to `<ledger>.checkpoints.torn-<length>`, where `<length>` is that of the ledger; of
 * a later segment than the first, to `….torn-<segment>-<length>`. As long as the segment is exactly so many bytes long, the file
 * says that a repair has not been recorded yet; so a crash between the cut and the record loses nothing.
 */
export async function setAsideTail(path: string, handle: FileHandle, place: MendedPlace): Promise<void> {
  await setAside(path, handle, place.length, place);
}

/** Sets aside the beginning of a checkpoint at the end of a history. */
export async function setAsideTornCheckpoint(
  paths: LedgerPaths,
  historyLength: number,
  place: MendedPlace,
): Promise<void> {
  const handle = await openLedgerFile(paths.history, "write");
  try {
    await setAside(paths.history, handle, historyLength, place);
  } finally {
    await handle.close();
  }
}

async function setAside(path: string, handle: FileHandle, offset: number, place: MendedPlace): Promise<void> {
  const temporaryPath = `${path}.torn.tmp`;
  await writeTemporaryFile(temporaryPath, readChunks(handle, offset), 0o644);
  await moveBehindOthers(temporaryPath, path, place);
  await handle.truncate(offset);
  await handle.datasync();
}

/** Nothing that was set aside before is replaced, whatever was moved away meanwhile. */
async function moveBehindOthers(temporaryPath: string, path: string, place: MendedPlace): Promise<void> {
  const last = (await tornFiles(path, place)).at(-1)?.number ?? 0;
  for (let number = last + 1; ; number += 1) {
    try {
      return await moveToFreeName(temporaryPath, join(dirname(path), tornName(path, place, number)));
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
  }
}

/** The repairs at this place that the ledger does not tell of yet. */
export async function unrecordedRepairs(
  paths: LedgerPaths,
  place: MendedPlace,
  repairedAt: string,
): Promise<JsonObject[]> {
  const records: JsonObject[] = [];
  for (const [path, reason] of [
    [paths.ledger, "torn_tail"],
    [paths.history, "torn_checkpoint"],
  ] as const) {
    for (const { name: file } of await tornFiles(path, place)) {
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

interface TornFile {
  readonly name: string;
  /** More than 1 where several were set aside at one place. */
  readonly number: number;
}

function tornName(path: string, { segment, length }: MendedPlace, number: number): string {
  const place = segment === 1 ? length : `${segment}-${length}`;
  return `${basename(path)}.torn-${place}${number === 1 ? "" : `.${number}`}`;
}

/** In the order in which they were set aside. */
async function tornFiles(path: string, place: MendedPlace): Promise<readonly TornFile[]> {
  const first = tornName(path, place, 1);
  const numberOf = (name: string): number => {
    if (name === first) return 1;
    const suffix = name.startsWith(`${first}.`) ? name.slice(first.length + 1) : "";
    return /^[0-9]{1,9}$/.test(suffix) ? Number(suffix) : 0;
  };
  return (await readdir(dirname(path)))
    .map((name) => ({ name, number: numberOf(name) }))
    .filter(({ number }) => number > 0)
    .sort((left, right) => left.number - right.number);
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
