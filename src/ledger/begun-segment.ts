import type { FileHandle } from "node:fs/promises";
import { openCheckpoint } from "./checkpoint.ts";
import { readLatestNote, readPart } from "./checkpoint-files.ts";
import { altered } from "./checkpoint-history.ts";
import { rotationInto } from "./key-rotation.ts";
import { ledgerPaths } from "./ledger-files.ts";
import { maximumLineBytes } from "./line.ts";
import { leafHash } from "./merkle-tree.ts";
import { type Genesis, originOf } from "./own-records.ts";
import { genesisOfOpened } from "./read-genesis.ts";
import { linesOf } from "./read-lines.ts";
import { type EarlierSegment, linkFault, repeatedId } from "./segment-link.ts";
import { missingSegment, openSealedIfAny } from "./segment-paths.ts";
import { sealedPath } from "./segments.ts";
import { isGzip } from "./uncompressed.ts";

/**
 * A segment of one line that nobody has signed yet says by itself what it goes on from, and anybody can have written it: before a
 * writer signs it, it is held against the sealed segment, its signed checkpoint and its last line. The lines between are the
 * verifier's to read. Throws LEDGER_INVALID when it does not go on from that, LEDGER_NOT_FOUND when that is missing.
 */
export async function assertGoesOn(path: string, genesis: Genesis): Promise<void> {
  if (genesis.previous === null) return;
  await assertNewId(path, genesis);
  const sealed = sealedPath(path, genesis.segment - 1);
  const handle = await openSealedIfAny(path, genesis.segment - 1);
  if (handle === null) throw missingSegment(path, sealed, genesis.segment);
  try {
    const before = await sealedSegment(handle, sealed, genesis);
    const problem = linkFault(genesis, before);
    if (problem !== null) throw altered(path, `${problem}, where ${sealed} is the segment before it`);
  } finally {
    await handle.close();
  }
}

/** Throws LEDGER_INVALID where an earlier segment is the same log. One that is missing is left to whoever verifies. */
async function assertNewId(path: string, genesis: Genesis): Promise<void> {
  for (let segment = 1; segment < genesis.segment; segment += 1) {
    const handle = await openSealedIfAny(path, segment);
    if (handle === null) continue;
    try {
      const earlier = await genesisOfOpened(handle);
      if (typeof earlier !== "string" && earlier.ledgerId === genesis.ledgerId)
        throw altered(path, repeatedId(segment));
    } finally {
      await handle.close();
    }
  }
}

/** What a complete segment is, by its last checkpoint, which the segment's key, or the one that it follows, has signed. */
async function sealedSegment(handle: FileHandle, path: string, next: Genesis): Promise<EarlierSegment> {
  const genesis = await genesisOfOpened(handle);
  if (typeof genesis === "string") throw altered(path, genesis);
  const paths = ledgerPaths(path);
  const note = await readLatestNote(paths);
  if (note === null) throw altered(paths.checkpoint, "it is missing");
  const rotation = rotationInto(next);
  const opened = openCheckpoint(note, rotation === null ? [next.verifierKey] : [rotation.from]);
  if (!opened.ok) throw altered(paths.checkpoint, opened.reason);
  const { origin, size, root } = opened.checkpoint;
  if (origin !== originOf(genesis.ledgerId)) throw altered(paths.checkpoint, "it belongs to another ledger");
  return { genesis, size, root: root.toString("hex"), lastHash: await lastHashOf(handle) };
}

/** Leaf hash of the last line; null where there is none. */
async function lastHashOf(handle: FileHandle): Promise<string | null> {
  const line = isGzip(await readPart(handle, 0, 2)) ? await lastCompressedLine(handle) : await lastPlainLine(handle);
  return line === null ? null : leafHash(line).toString("hex");
}

async function lastPlainLine(handle: FileHandle): Promise<Buffer | null> {
  const { size } = await handle.stat();
  const longest = maximumLineBytes + 2;
  const tail = await readPart(handle, Math.max(0, size - longest), Math.min(size, longest));
  const end = tail.length - 1;
  return tail[end] === 0x0a ? tail.subarray(tail.lastIndexOf(0x0a, end - 1) + 1, end) : null;
}

async function lastCompressedLine(handle: FileHandle): Promise<Buffer | null> {
  let last: Buffer | null = null;
  for await (const line of linesOf(handle)) last = line;
  return last;
}
