import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, rename } from "node:fs/promises";
import { CarbonOpsError, systemErrorCode } from "../errors.ts";
import { writeTemporaryFile } from "./durable-file.ts";
import { nodeHash } from "./merkle-tree.ts";
import { tileLeaves, tileRoot } from "./tile.ts";

/**
 * `<ledger>.tiles`: for every 256 lines the root of the subtree over them, and where the last of them ends. With it a proof
 * needs neither a walk over the ledger nor a hash of every line: 40 bytes stand for 256 lines. A cache: what it says is used
 * only if it gives a root that was signed.
 */
export const linesPerTile = 256;

/** Complete tiles from the first line on. */
export interface Tiles {
  /** Root of each, 32 bytes. */
  readonly roots: Buffer;
  /** Offset behind the last line feed of each. */
  readonly ends: Float64Array;
}

export const noTiles: Tiles = { roots: Buffer.alloc(0), ends: new Float64Array() };

const firstLine = Buffer.from("carbon-ops/tiles/v1\n");
const entryBytes = 40;
/** Tiles of 6.8 * 10^9 lines. */
const maximumBytes = 1 << 30;

export function tileCount({ ends }: Tiles): number {
  return ends.length;
}

/** What the file says, or no tiles where there is none of the right form. */
export async function readTiles(path: string): Promise<Tiles> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = await handle.stat();
      return status.isFile() && status.size <= maximumBytes ? parseTiles(await handle.readFile()) : noTiles;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return noTiles;
  }
}

function parseTiles(bytes: Buffer): Tiles {
  const count = (bytes.length - firstLine.length) / entryBytes;
  if (!Number.isInteger(count) || !bytes.subarray(0, firstLine.length).equals(firstLine)) return noTiles;
  const roots = Buffer.allocUnsafe(32 * count);
  const ends = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const start = firstLine.length + entryBytes * index;
    bytes.copy(roots, 32 * index, start, start + 32);
    ends[index] = Number(bytes.readBigUInt64BE(start + 32));
    if (!((ends[index] ?? 0) > (index === 0 ? 0 : (ends[index - 1] ?? 0)))) return noTiles;
  }
  return { roots, ends };
}

/** Puts the file in the place of an older one; readers see one or the other. False where none can be kept. */
export async function writeTiles(path: string, { roots, ends }: Tiles): Promise<boolean> {
  const bytes = Buffer.allocUnsafe(firstLine.length + entryBytes * ends.length);
  firstLine.copy(bytes);
  for (const [index, end] of ends.entries()) {
    const start = firstLine.length + entryBytes * index;
    roots.copy(bytes, start, 32 * index, 32 * index + 32);
    bytes.writeBigUInt64BE(BigInt(end), start + 32);
  }
  const temporaryPath = `${path}.tmp-${randomBytes(6).toString("hex")}`;
  try {
    await writeTemporaryFile(temporaryPath, [bytes], 0o644);
    await rename(temporaryPath, path);
    return true;
  } catch (error) {
    // Somebody who may only read the ledger does without.
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** Root of the subtree over the leaf hashes of 256 lines. */
export function rootOfTile(leaves: Buffer): Buffer {
  if (leaves.length !== 32 * linesPerTile) throw new CarbonOpsError("INTERNAL", "A tile has 256 leaves.");
  const quarters = [0, 1, 2, 3].map((quarter) => Buffer.from(tileRoot(leaves, quarter * tileLeaves)));
  const [first, second, third, fourth] = quarters;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined) {
    throw new CarbonOpsError("INTERNAL", "A tile has four quarters.");
  }
  return nodeHash(nodeHash(first, second), nodeHash(third, fourth));
}
