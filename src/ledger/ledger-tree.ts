import type { FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { CarbonOpsError } from "../errors.ts";
import { ownThreadModule } from "./block-thread-module.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { readPart } from "./checkpoint-files.ts";
import { ledgerPaths } from "./ledger-files.ts";
import { maximumLineBytes } from "./line.ts";
import { emptyRoot, leafHash, nodeHash } from "./merkle-tree.ts";
import { largestPowerBelow } from "./merkle-walk.ts";
import { buildTiles } from "./tile-builder.ts";
import { linesPerTile, noTiles, readTiles, rootOfTile, type Tiles, tileCount, writeTiles } from "./tile-file.ts";

/** Subtrees of so many lines are kept once they are known. */
const largeLines = 16 * linesPerTile;

/** The Merkle tree under a checkpoint, with the lines of those tiles that a proof goes into. */
export class LedgerTree {
  readonly size: number;
  readonly #tiles: Tiles;
  readonly #lines: ReadonlyMap<number, Buffer>;
  readonly #leaves = new Map<number, Buffer>();
  readonly #large = new Map<string, Buffer>();

  constructor(size: number, tiles: Tiles, lines: ReadonlyMap<number, Buffer>) {
    this.size = size;
    this.#tiles = tiles;
    this.#lines = lines;
  }

  /** A line without its line feed. */
  line(seq: number): Buffer {
    const line = this.#lines.get(seq);
    if (line === undefined) throw new CarbonOpsError("INTERNAL", `Line ${seq} was not read.`);
    return line;
  }

  root(): Buffer {
    return this.size === 0 ? emptyRoot : this.subtreeRoot(0, this.size);
  }

  /** Whether the lines that were read are those under the roots of their tiles. */
  fits(tile: number): boolean {
    const first = tile * linesPerTile;
    const leaves = Array.from({ length: linesPerTile }, (_, index) => this.#leaf(first + index));
    return rootOfTile(Buffer.concat(leaves)).equals(this.#tileRoot(tile));
  }

  /** Root of the leaves from `start` to `end`, `end` not included, which form a subtree of the tree. */
  readonly subtreeRoot = (start: number, end: number): Buffer => {
    const count = end - start;
    const tile = start / linesPerTile;
    if (count === linesPerTile && Number.isInteger(tile) && tile < tileCount(this.#tiles)) return this.#tileRoot(tile);
    if (count === 1) return this.#leaf(start);
    const known = this.#large.get(`${start} ${end}`);
    if (known !== undefined) return known;
    const middle = start + largestPowerBelow(count);
    const root = nodeHash(this.subtreeRoot(start, middle), this.subtreeRoot(middle, end));
    // A proof asks for what the root of the whole tree was made from.
    if (count >= largeLines) this.#large.set(`${start} ${end}`, root);
    return root;
  };

  #tileRoot(tile: number): Buffer {
    return this.#tiles.roots.subarray(32 * tile, 32 * tile + 32);
  }

  #leaf(seq: number): Buffer {
    const known = this.#leaves.get(seq);
    if (known !== undefined) return known;
    const leaf = leafHash(this.line(seq));
    this.#leaves.set(seq, leaf);
    return leaf;
  }
}

export interface TreeRequest {
  readonly path: string;
  /** A checkpoint whose signature was verified. */
  readonly checkpoint: Checkpoint;
  /** Lines that a proof is about. */
  readonly seqs: readonly number[];
}

/**
 * The tree under a checkpoint: from the tiles beside the ledger where they give its root, else from all lines, and then the
 * tiles are written anew. Throws LEDGER_INVALID when the lines do not give the root that was signed.
 */
export async function openLedgerTree(handle: FileHandle, request: TreeRequest): Promise<LedgerTree> {
  const known = await readTiles(ledgerPaths(request.path).tiles);
  const fromKnown = await treeFrom(handle, known, request);
  if (fromKnown !== null) return fromKnown;
  const rebuilt = tileCount(known) === 0 ? null : await treeFrom(handle, noTiles, request);
  if (rebuilt !== null) return rebuilt;
  const { path, checkpoint } = request;
  throw new CarbonOpsError(
    "LEDGER_INVALID",
    `The first ${checkpoint.size} lines of ${path} are not those that were signed, so nothing can be proven; \`carbon-ops ledger verify\` names the line that was touched.`,
  );
}

/** Null when the lines and tiles do not give the signed root. */
async function treeFrom(handle: FileHandle, known: Tiles, request: TreeRequest): Promise<LedgerTree | null> {
  const { checkpoint, seqs, path } = request;
  const threadModule = ownThreadModule();
  const { size } = checkpoint;
  const { size: bytes } = await handle.stat();
  const isNothingKnown = tileCount(known) === 0;
  const threads = availableParallelism();
  const tiles = await buildTiles(known, size, { descriptor: handle.fd, end: bytes, threads, threadModule }).catch(
    (error: unknown) => {
      // Tiles of another file lead to places at which no line begins.
      if (isNothingKnown || !(error instanceof CarbonOpsError)) throw error;
      return null;
    },
  );
  if (tiles === null) return null;
  const used = firstTiles(tiles, Math.floor(size / linesPerTile));
  const wanted = new Set(seqs.map((seq) => Math.floor(seq / linesPerTile)));
  const lines = new Map<number, Buffer>();
  const opened = [...wanted].filter((tile) => tile < tileCount(used));
  for (const tile of opened) {
    if (!(await readLines(handle, lines, used, tile, linesPerTile))) return null;
  }
  const tailLines = size - tileCount(used) * linesPerTile;
  if (!(await readLines(handle, lines, used, tileCount(used), tailLines))) return null;
  const tree = new LedgerTree(size, used, lines);
  if (!tree.root().equals(checkpoint.root) || !opened.every((tile) => tree.fits(tile))) return null;
  if (tiles !== known) await writeTiles(ledgerPaths(path).tiles, tiles);
  return tree;
}

function firstTiles({ roots, ends }: Tiles, count: number): Tiles {
  return { roots: roots.subarray(0, 32 * count), ends: ends.subarray(0, count) };
}

/** Reads lines from where a tile begins; false where there are fewer. */
async function readLines(
  handle: FileHandle,
  lines: Map<number, Buffer>,
  { ends }: Tiles,
  tile: number,
  count: number,
): Promise<boolean> {
  const offset = tile === 0 ? 0 : (ends[tile - 1] ?? 0);
  const { size } = await handle.stat();
  const end = Math.min(ends[tile] ?? size, offset + count * (maximumLineBytes + 1), size);
  const bytes = await readPart(handle, offset, Math.max(0, end - offset));
  let start = 0;
  for (let index = 0; index < count; index += 1) {
    const lineEnd = bytes.indexOf(0x0a, start);
    if (lineEnd === -1) return false;
    lines.set(tile * linesPerTile + index, bytes.subarray(start, lineEnd));
    start = lineEnd + 1;
  }
  return true;
}
