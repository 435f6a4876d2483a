import { createHash } from "node:crypto";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { JsonObject } from "./canonical-json.ts";
import { moveIntoPlace, writeTemporaryFile } from "./durable-file.ts";
import { readChunks } from "./ledger-files.ts";
import { tornTailRecord } from "./own-records.ts";

/**
 * What a crash leaves behind. The bytes after the last good line are copied to `<ledger>.torn-<offset>` before they are cut
 * off. As long as the ledger is exactly `offset` bytes long, that file says that a repair has not been recorded yet; so a
 * crash between the cut and the record loses nothing.
 */
export async function setAsideTail(path: string, handle: FileHandle, offset: number): Promise<void> {
  const temporaryPath = `${path}.torn.tmp`;
  await writeTemporaryFile(temporaryPath, readChunks(handle, offset), 0o644);
  await moveIntoPlace(temporaryPath, await freeTornPath(path, offset));
  await handle.truncate(offset);
  await handle.datasync();
}

/** The repairs at this offset that the ledger does not tell of yet. */
export async function unrecordedRepairs(path: string, offset: number, repairedAt: string): Promise<JsonObject[]> {
  const records: JsonObject[] = [];
  for (const file of await tornFiles(path, offset)) {
    const { bytes, sha256 } = await measure(join(dirname(path), file));
    records.push(tornTailRecord(file, bytes, sha256, repairedAt));
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

async function freeTornPath(path: string, offset: number): Promise<string> {
  const taken = (await tornFiles(path, offset)).length;
  return taken === 0 ? `${path}.torn-${offset}` : `${path}.torn-${offset}.${taken + 1}`;
}

async function tornFiles(path: string, offset: number): Promise<string[]> {
  const first = `${basename(path)}.torn-${offset}`;
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
