import type { JsonObject } from "./canonical-json.ts";

/** What a repair record says was mended. */
export interface Repair {
  /** Line of the repair record, from 1, and its number. */
  readonly line: number;
  readonly seq: number;
  /** "unsigned_lines", "torn_tail", "torn_checkpoint"; or a word that this version does not know. */
  readonly reason: string;
  /** Lines that had no signature when they were found, and are signed since; null for other reasons. */
  readonly adopted: { readonly firstLine: number; readonly lastLine: number } | null;
  /** File with the bytes that were set aside; null for other reasons. */
  readonly file: string | null;
  readonly bytes: number | null;
}

/** More repairs than these are counted, not listed: a verifier's memory stays bounded. */
const maximumListed = 100;

/** Gathers the repair records of a ledger in the order of its lines. */
export class Repairs {
  readonly #listed: Repair[] = [];
  #count = 0;
  #adoptedCount = 0;
  #adoptedEnd = 0;

  get listed(): readonly Repair[] {
    return this.#listed;
  }

  get count(): number {
    return this.#count;
  }

  /** Lines that were found unsigned and signed later. */
  get adoptedCount(): number {
    return this.#adoptedCount;
  }

  take(record: JsonObject, seq: number): void {
    if (record["kind"] !== "repair") return;
    const repair = readRepair(record, seq);
    this.#count += 1;
    if (this.#listed.length < maximumListed) this.#listed.push(repair);
    if (repair.adopted === null) return;
    // A repair that was itself cut off is found unsigned by the next one: its lines count once.
    const firstLine = Math.max(repair.adopted.firstLine, this.#adoptedEnd + 1);
    this.#adoptedCount += Math.max(0, repair.adopted.lastLine - firstLine + 1);
    this.#adoptedEnd = Math.max(this.#adoptedEnd, repair.adopted.lastLine);
  }
}

function readRepair(record: JsonObject, seq: number): Repair {
  const { reason, first_seq: first, last_seq: last, file, bytes } = record;
  const isRange = Number.isSafeInteger(first) && Number.isSafeInteger(last);
  const adopted =
    reason === "unsigned_lines" && isRange
      ? { firstLine: Number(first) + 1, lastLine: Math.min(Number(last) + 1, seq) }
      : null;
  return {
    line: seq + 1,
    seq,
    reason: typeof reason === "string" ? reason : "unknown",
    adopted,
    file: typeof file === "string" ? file : null,
    bytes: typeof bytes === "number" ? bytes : null,
  };
}
