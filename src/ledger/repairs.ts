import type { JsonObject } from "./canonical-json.ts";

/** What a repair record says was mended. */
export interface Repair {
  /** Line of the repair record, from 1, and its number. */
  readonly line: number;
  readonly seq: number;
  /** "unsigned_lines", "torn_tail", "torn_checkpoint"; or a word that this version does not know. */
  readonly reason: string;
  /** Lines that had no signature when they were found, and are signed since; null for other reasons. */
  readonly adopted: AdoptedLines | null;
  /** File with the bytes that were set aside; null for other reasons. */
  readonly file: string | null;
  readonly bytes: number | null;
}

export interface AdoptedLines {
  readonly firstLine: number;
  readonly lastLine: number;
}

/** More repairs than these are counted, not listed: a verifier's memory stays bounded. */
const maximumListed = 100;
/** As many are kept in mind until a signed root tells which of them count. */
const maximumOpen = 100_000;

/** A repair, and the last one before it that counts if this one does. */
interface OpenRepair {
  readonly repair: Repair;
  readonly before: OpenRepair | null;
}

/**
 * Gathers the repair records of a ledger in the order of its lines. Anybody can add a line that looks like one, but not sign it:
 * the next writer then finds it unsigned, and says so. So a repair counts once its line is under a signed root and in no
 * range of a later repair that counts, and the last one under a root always does.
 */
export class Repairs {
  readonly #adopted: Repair[] = [];
  readonly #others: Repair[] = [];
  #count = 0;
  #adoptedCount = 0;
  /** Lines whose repairs are settled. */
  #settledLines = 0;
  #open: OpenRepair[] = [];

  /** Those that tell of lines that somebody else may have written come first. */
  get listed(): readonly Repair[] {
    return [...this.#adopted, ...this.#others].slice(0, maximumListed);
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
    if (this.#open.length >= maximumOpen) this.#giveUp();
    const repair = readRepair(record, seq);
    const before = repair.adopted === null ? (this.#open.at(-1) ?? null) : this.#lastBeside(repair.adopted);
    this.#open.push({ repair, before });
  }

  /** A signed root covers all lines so far, of which there are so many. */
  settle(lines: number): void {
    const counted: Repair[] = [];
    for (let open = this.#open.at(-1) ?? null; open !== null; open = open.before) counted.push(open.repair);
    for (const repair of counted.reverse()) this.#add(repair);
    this.#open = [];
    this.#settledLines = lines;
  }

  #add(repair: Repair): void {
    this.#count += 1;
    const list = repair.adopted === null ? this.#others : this.#adopted;
    if (list.length < maximumListed) list.push(repair);
    if (repair.adopted === null) return;
    // What a root had covered before was signed, although the writer did not find that signature any more.
    const firstLine = Math.max(repair.adopted.firstLine, this.#settledLines + 1);
    this.#adoptedCount += Math.max(0, repair.adopted.lastLine - firstLine + 1);
  }

  /**
   * The last repair that was not itself found unsigned. What a writer says of torn bytes it says just before, behind the lines
   * that it found.
   */
  #lastBeside({ firstLine, lastLine }: AdoptedLines): OpenRepair | null {
    const isTornBehind = ({ repair }: OpenRepair): boolean => repair.adopted === null && repair.line > lastLine;
    const torn = this.#open.slice(this.#open.findLastIndex((open) => !isTornBehind(open)) + 1);
    return torn.reduce<OpenRepair | null>((before, { repair }) => ({ repair, before }), this.#lastBefore(firstLine));
  }

  #lastBefore(line: number): OpenRepair | null {
    let [low, high] = [0, this.#open.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#open[middle]?.repair.line ?? 0) < line) low = middle + 1;
      else high = middle;
    }
    return this.#open[low - 1] ?? null;
  }

  /** Too many to tell which of them count: then every line so far may be somebody else's. */
  #giveUp(): void {
    const lines = this.#open.at(-1)?.repair.line ?? 0;
    this.#count += this.#open.length;
    this.#adoptedCount += lines - this.#settledLines;
    this.#settledLines = lines;
    this.#open = [];
  }
}

function readRepair(record: JsonObject, seq: number): Repair {
  const { reason, first_seq: first, last_seq: last, file, bytes } = record;
  return {
    line: seq + 1,
    seq,
    reason: typeof reason === "string" ? reason : "unknown",
    adopted: reason === "unsigned_lines" ? readRange(first, last, seq) : null,
    file: typeof file === "string" ? file : null,
    bytes: typeof bytes === "number" ? bytes : null,
  };
}

/** Null for a range that no writer can have found: it ends before the repair record. */
function readRange(first: unknown, last: unknown, seq: number): AdoptedLines | null {
  if (typeof first !== "number" || typeof last !== "number") return null;
  const isRange = Number.isSafeInteger(first) && Number.isSafeInteger(last) && 0 <= first && first <= last;
  return isRange && last < seq ? { firstLine: first + 1, lastLine: last + 1 } : null;
}
