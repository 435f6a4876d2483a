import { CarbonOpsError } from "../errors.ts";
import type { BlockFindings } from "./block.ts";
import { type BlockPlan, fileBlocks } from "./file-blocks.ts";
import { nodeHash } from "./merkle-tree.ts";
import { tileLeaves, tileRoot } from "./tile.ts";
import { linesPerTile, type Tiles, tileCount } from "./tile-file.ts";

/**
 * The first tiles of a ledger of so many lines, as many as are complete. The lines are looked at as a verifier does at first
 * (form, number, link), on several threads where there are any.
 *
 * `known` are tiles from an earlier time: the lines after them alone are read. Throws LEDGER_INVALID when a line is damaged.
 */
export async function buildTiles(
  known: Tiles,
  size: number,
  plan: Omit<BlockPlan, "start" | "isDeep" | "checkRecord">,
): Promise<Tiles> {
  const wanted = Math.floor(size / linesPerTile);
  if (tileCount(known) >= wanted) return known;
  const builder = new TileBuilder(known);
  for await (const block of fileBlocks({ ...plan, start: known.ends.at(-1) ?? 0, isDeep: false, checkRecord: null })) {
    if (block.firstSeq !== builder.lines) break;
    builder.take(block);
    if (builder.count >= wanted) return builder.first(wanted);
    // The lines before a bad one are as good as any.
    if (!block.holds) break;
  }
  throw new CarbonOpsError(
    "LEDGER_INVALID",
    `The ledger holds only ${builder.lines} lines in good form, but ${size} were signed; \`carbon-ops ledger verify\` names the bad one.`,
  );
}

class TileBuilder {
  readonly #roots: Buffer[];
  readonly #ends: number[];
  /** Roots of quarters of the tile that is not complete yet, and leaves of the quarter that is not. */
  #quarters: Buffer[] = [];
  readonly #leaves = Buffer.alloc(32 * tileLeaves);
  #lines: number;

  constructor({ roots, ends }: Tiles) {
    this.#roots = [roots];
    this.#ends = [...ends];
    this.#lines = ends.length * linesPerTile;
  }

  get lines(): number {
    return this.#lines;
  }

  get count(): number {
    return this.#ends.length;
  }

  first(count: number): Tiles {
    const roots = Buffer.concat(this.#roots).subarray(0, 32 * count);
    return { roots, ends: Float64Array.from(this.#ends.slice(0, count)) };
  }

  take(block: BlockFindings): void {
    const { count, leaves, tiles, firstSeq, start, ends } = block;
    const firstQuarter = Math.ceil(firstSeq / tileLeaves);
    for (let index = 0; index < count; ) {
      const quarter = Math.floor(this.#lines / tileLeaves) - firstQuarter;
      const isWhole = this.#lines % tileLeaves === 0 && 32 * quarter < tiles.length;
      if (isWhole) {
        this.#quarters.push(Buffer.from(tiles.subarray(32 * quarter, 32 * quarter + 32)));
        this.#lines += tileLeaves;
        index += tileLeaves;
      } else {
        this.#leaves.set(leaves.subarray(32 * index, 32 * index + 32), 32 * (this.#lines % tileLeaves));
        this.#lines += 1;
        index += 1;
        if (this.#lines % tileLeaves === 0) this.#quarters.push(Buffer.from(tileRoot(this.#leaves, 0)));
      }
      this.#completeTile(start + (ends[index - 1] ?? 0));
    }
  }

  #completeTile(end: number): void {
    const [first, second, third, fourth] = this.#quarters;
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return;
    this.#roots.push(nodeHash(nodeHash(first, second), nodeHash(third, fourth)));
    this.#ends.push(end);
    this.#quarters = [];
  }
}
