import { type BlockLines, type ContentCheck, examineLines } from "./block-lines.ts";
import { tileLeaves, tileRoots } from "./tile.ts";

/**
 * Looks at the lines of a block of a ledger at nearly the speed of SHA-256: form, number and link of each line, without parsing
 * it. Links are stored in the lines, so that blocks can be looked at by several threads at once and joined afterwards.
 *
 * It only ever says that a block holds, or that it does not; what is wrong with one that does not, the careful walk tells.
 */
export interface BlockFindings extends BlockLines {
  /** Roots of the complete aligned subtrees of 64 leaves that lie in the block. */
  readonly tiles: Uint8Array<ArrayBuffer>;
}

/** The lines that block-lines.ts finds in a part of a buffer, and the tiles over them. */
export function examineBlock(
  buffer: Buffer,
  first: number,
  limit: number,
  start: number,
  contents: ContentCheck | null,
): BlockFindings {
  const lines = examineLines(buffer, first, limit, start, contents);
  return { ...lines, tiles: lines.holds ? tilesOf(lines) : new Uint8Array() };
}

function tilesOf({ leaves, count, firstSeq }: BlockLines): Uint8Array<ArrayBuffer> {
  const firstTile = Math.ceil(firstSeq / tileLeaves);
  const tileCount = Math.max(0, Math.floor((firstSeq + count) / tileLeaves) - firstTile);
  return tileRoots(leaves, firstTile * tileLeaves - firstSeq, tileCount);
}
