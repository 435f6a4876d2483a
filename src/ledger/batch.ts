import { CarbonOpsError } from "../errors.ts";
import { hashOfRecord, type IdentifiedLine, idIsTaken } from "./append-ids.ts";
import type { Chain } from "./chain.ts";
import type { KnownIds } from "./known-ids.ts";
import { formatLine } from "./line.ts";

export interface AppendedLine {
  /** The file of the ledger that the line stands in: 1 until the first rotation. */
  readonly segment: number;
  /** Number of the line within its segment. */
  readonly seq: number;
  /** Leaf hash of the line in hex: what the next line's `prev_hash` will be. */
  readonly lineHash: string;
  /** Whether a record with this id stood there already, so that none was written. */
  readonly isRepeated: boolean;
}

export interface PendingRecord {
  readonly text: string;
  readonly id: string | null;
}

/** The lines that are written together. */
export class Batch {
  readonly chain: Chain;
  readonly #segment: number;
  readonly #ids: KnownIds | null;
  readonly #added = new Map<string, IdentifiedLine>();
  readonly #lines: Buffer[] = [];

  constructor(chain: Chain, segment: number, ids: KnownIds | null) {
    this.chain = chain;
    this.#segment = segment;
    this.#ids = ids;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#lines);
  }

  /** The line that a record gets; the one that it has when it is a repetition; or why it gets none. */
  add({ text, id }: PendingRecord): AppendedLine | CarbonOpsError {
    try {
      const earlier = id === null ? null : this.#find(id, text);
      if (earlier !== null) {
        const { segment, seq, lineHash } = earlier;
        return { segment, seq, lineHash, isRepeated: true };
      }
    } catch (error) {
      if (error instanceof CarbonOpsError) return error;
      throw error;
    }
    const seq = this.chain.size;
    const line = Buffer.from(`${formatLine(this.chain.lastHash, text, seq)}\n`);
    this.chain.extend(line.subarray(0, -1));
    this.#lines.push(line);
    const appended = { segment: this.#segment, seq, lineHash: this.chain.lastHash, isRepeated: false };
    if (id !== null) {
      const { segment, lineHash } = appended;
      this.#added.set(id, { segment, seq, lineHash, recordHash: hashOfRecord(text) });
    }
    return appended;
  }

  /** Once the lines are in the file: the next record with one of these ids is a repetition. */
  remember(): void {
    for (const [id, line] of this.#added) this.#ids?.add(id, line);
  }

  #find(id: string, text: string): IdentifiedLine | null {
    const line = this.#added.get(id) ?? this.#ids?.lineOf(id);
    if (line === undefined) return null;
    if (line.recordHash !== hashOfRecord(text)) throw idIsTaken(id, line);
    return line;
  }
}
