import { hash } from "node:crypto";
import type { JsonObject } from "./canonical-json.ts";
import { maximumLineBytes, readRecord } from "./line.ts";
import { tileLeaves, tileRoot } from "./tile.ts";

/**
 * Looks at the lines of a block of a ledger at nearly the speed of SHA-256: form, number and link of each line, without parsing
 * it. Links are stored in the lines, so that blocks can be looked at by several threads at once and joined afterwards.
 *
 * It only ever says that a block holds, or that it does not; what is wrong with one that does not, the careful walk tells.
 */
export interface BlockFindings {
  /** Whether every line has the right form, and links to the one before it. */
  readonly holds: boolean;
  /** Offset of the first line in the file. */
  readonly start: number;
  /** `seq` and `prev_hash` of the first line: the joint with the block before. */
  readonly firstSeq: number;
  readonly firstPrevHash: string;
  readonly count: number;
  /** Leaf hash of each line, 32 bytes. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  /** Where each line ends, behind its line feed, counted from `start`. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Roots of the complete aligned subtrees of 64 leaves that lie in the block. */
  readonly tiles: Uint8Array<ArrayBuffer>;
  /** Lines whose records tell of repairs: place in the block, and record. */
  readonly repairs: readonly (readonly [index: number, record: JsonObject])[];
}

/** What is wrong with the contents of a record, or null: a schema, a signature. */
export type RecordCheck = (record: JsonObject) => string | null;

/** How far contents are looked at; null: not at all. */
export interface ContentCheck {
  readonly checkRecord: RecordCheck | null;
}

const lineFeed = 0x0a;
const head = Buffer.from('{"prev_hash":"');
const middle = Buffer.from('","record":{');
const hashStart = head.length;
const hashEnd = hashStart + 64;
const recordStart = hashEnd + middle.length;
const tail = '},"seq":';
const shortestLine = recordStart + tail.length + 2;
/** The first member of the records that a ledger writes about repairs (own-records.ts), without its quotation mark. */
const repairStarts = ['"bytes":', '"first_seq":'].map((text) => Buffer.from(text));
const repairKind = Buffer.from('"kind":"repair"');

/**
 * Looks at the complete lines in `buffer` that begin at `first` or later and before `limit`. The byte before `first` must be
 * there: it, and the line feeds, are set to zero for a moment, so that a leaf is hashed where it stands. `start` is the offset
 * of `first` in the file.
 */
export function examineBlock(
  buffer: Buffer,
  first: number,
  limit: number,
  start: number,
  contents: ContentCheck | null,
): BlockFindings {
  const leaves: Buffer<ArrayBuffer> = Buffer.from(new ArrayBuffer(32 * countBound(limit - first)));
  const ends = new Uint32Array(leaves.length / 32);
  const repairs: (readonly [number, JsonObject])[] = [];
  let count = 0;
  let position = first;
  const firstSeq = seqOfFirstLine(buffer, first);
  const firstPrevHash = buffer.toString("latin1", first + hashStart, first + hashEnd);
  let prevHash = firstPrevHash;
  let holds = firstSeq !== null && /^[0-9a-f]{64}$/.test(firstPrevHash);
  const counter = new Counter(firstSeq ?? 0);
  while (holds && position < limit) {
    const end = buffer.indexOf(lineFeed, position);
    if (end === -1) break;
    holds = hasForm(buffer, position, end, counter) && linksTo(buffer, position, prevHash);
    if (!holds) break;
    if (contents !== null && !contentsHold(buffer.subarray(position, end), firstSeq === 0 && count === 0, contents)) {
      holds = false;
      break;
    }
    const record = repairIn(buffer, position, end);
    if (record !== null) repairs.push([count, record]);
    prevHash = leafHashInPlace(buffer, position, end);
    leaves.write(prevHash, 32 * count, 32, "hex");
    ends[count] = end + 1 - first;
    count += 1;
    counter.increment();
    position = end + 1;
  }
  const common = { holds: holds && count > 0, start, firstSeq: firstSeq ?? 0, firstPrevHash, count, repairs };
  return {
    ...common,
    leaves: new Uint8Array(leaves.buffer.slice(0, 32 * count)),
    ends: ends.slice(0, count),
    tiles: common.holds ? tilesOf(leaves, count, common.firstSeq) : new Uint8Array(),
  };
}

/** As many lines as bytes allow. */
function countBound(bytes: number): number {
  return Math.ceil(Math.max(0, bytes) / shortestLine) + 1;
}

function hasForm(buffer: Buffer, start: number, end: number, counter: Counter): boolean {
  const length = end - start;
  if (length < shortestLine || length > maximumLineBytes) return false;
  if (!standsAt(buffer, start, head) || !standsAt(buffer, start + hashEnd, middle)) return false;
  return counter.endsLine(buffer, start + recordStart, end);
}

function linksTo(buffer: Buffer, start: number, prevHash: string): boolean {
  return buffer.toString("latin1", start + hashStart, start + hashEnd) === prevHash;
}

function standsAt(buffer: Buffer, position: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1) {
    if (buffer[position + index] !== bytes[index]) return false;
  }
  return true;
}

/** SHA-256(0x00 || line) in hex; the byte before the line stands in for the prefix. */
function leafHashInPlace(buffer: Buffer, start: number, end: number): string {
  const before = buffer[start - 1] ?? 0;
  buffer[start - 1] = 0;
  const leaf = hash("sha256", buffer.subarray(start - 1, end));
  buffer[start - 1] = before;
  return leaf;
}

function contentsHold(line: Buffer, isGenesis: boolean, { checkRecord }: ContentCheck): boolean {
  const record = readRecord(line);
  if (typeof record === "string") return false;
  return isGenesis || (record["kind"] !== "genesis" && (checkRecord === null || checkRecord(record) === null));
}

function repairIn(buffer: Buffer, start: number, end: number): JsonObject | null {
  if (!repairStarts.some((bytes) => standsAt(buffer, start + recordStart, bytes))) return null;
  const line = buffer.subarray(start, end);
  const record = line.includes(repairKind) ? readRecord(line) : null;
  return record === null || typeof record === "string" || record["kind"] !== "repair" ? null : record;
}

function seqOfFirstLine(buffer: Buffer, start: number): number | null {
  const end = buffer.indexOf(lineFeed, start);
  if (end === -1) return null;
  const digits = /,"seq":(0|[1-9][0-9]{0,15})\}$/.exec(buffer.toString("latin1", Math.max(start, end - 27), end))?.[1];
  const seq = Number(digits);
  return Number.isSafeInteger(seq) ? seq : null;
}

function tilesOf(leaves: Buffer, count: number, firstSeq: number): Uint8Array<ArrayBuffer> {
  const firstTile = Math.ceil(firstSeq / tileLeaves);
  const tileCount = Math.max(0, Math.floor((firstSeq + count) / tileLeaves) - firstTile);
  const tiles = new Uint8Array(32 * tileCount);
  for (let tile = 0; tile < tileCount; tile += 1) {
    tiles.set(tileRoot(leaves, (firstTile + tile) * tileLeaves - firstSeq), 32 * tile);
  }
  return tiles;
}

/** The end of each line, with its number as text: counting up the text is faster than reading it from every line. */
class Counter {
  #text: Buffer;

  constructor(seq: number) {
    this.#text = Buffer.from(`${tail}${seq}}`);
  }

  endsLine(buffer: Buffer, earliest: number, end: number): boolean {
    const start = end - this.#text.length;
    return start >= earliest && standsAt(buffer, start, this.#text);
  }

  increment(): void {
    const text = this.#text;
    for (let index = text.length - 2; index >= tail.length; index -= 1) {
      const digit = text[index] ?? 0;
      if (digit !== 0x39) {
        text[index] = digit + 1;
        return;
      }
      text[index] = 0x30;
    }
    this.#text = Buffer.from(`${tail}1${text.toString("latin1", tail.length)}`);
  }
}
