import { hash } from "node:crypto";
import type { JsonObject } from "./canonical-json.ts";
import { maximumLineBytes, readRecord } from "./line.ts";
import { putHash } from "./merkle-tree.ts";

/** What the lines of a block are found to be, each by itself and linked to the one before it. */
export interface BlockLines {
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
/** A line begins with two bytes and three words of four, and goes on after the link with three words. */
const headStart = 0x7b22;
const head = wordsOf('prev_hash":"');
const middle = wordsOf('","record":{');
const hashStart = 14;
const hashEnd = hashStart + 64;
const recordStart = hashEnd + 12;
const tail = '},"seq":';
const shortestLine = recordStart + tail.length + 2;
/** The first member of the records that a ledger writes about repairs (own-records.ts), without its quotation mark. */
const tornStart = Buffer.from('"bytes":');
const unsignedStart = Buffer.from('"first_seq":');
const repairKind = Buffer.from('"kind":"repair"');

/**
 * Looks at the complete lines in `buffer` that begin at `first` or later and before `limit`. The byte before `first` must be
 * there: it, and the line feeds, are set to zero for a moment, so that a leaf is hashed where it stands. `start` is the offset
 * of `first` in the file.
 *
 * The loop runs once for every line: it makes nothing but a view of the line and the text of its hash, and calls nothing
 * native but the search for the line feed and SHA-256.
 */
export function examineLines(
  buffer: Buffer,
  first: number,
  limit: number,
  start: number,
  contents: ContentCheck | null,
): BlockLines {
  const { linked, ends } = roomFor(countBound(limit - first));
  const { buffer: memory, byteOffset } = buffer;
  const view = new DataView(memory, byteOffset, buffer.length);
  const repairs: (readonly [number, JsonObject])[] = [];
  const firstSeq = seqOfFirstLine(buffer, first);
  const firstPrevHash = buffer.toString("latin1", first + hashStart, first + hashEnd);
  const counter = new Counter(firstSeq ?? 0);
  let holds = firstSeq !== null && /^[0-9a-f]{64}$/.test(firstPrevHash);
  let leaf = Buffer.from(firstPrevHash, "hex").toString("latin1");
  let count = 0;
  let position = first;
  while (holds && position < limit) {
    const end = buffer.indexOf(lineFeed, position);
    if (end === -1) break;
    holds =
      hasForm(view, position, end) &&
      linksTo(view, position + hashStart, leaf, linked, 32 * count) &&
      counter.endsLine(buffer, position + recordStart, end) &&
      (contents === null || contentsHold(buffer.subarray(position, end), firstSeq === 0 && count === 0, contents));
    if (!holds) break;
    const record = repairIn(buffer, position, end);
    if (record !== null) repairs.push([count, record]);
    // SHA-256(0x00 || line), a character for each byte; the byte before the line stands in for the prefix.
    const before = buffer[position - 1] ?? 0;
    buffer[position - 1] = 0;
    leaf = hash("sha256", new Uint8Array(memory, byteOffset + position - 1, end - position + 1), "binary");
    buffer[position - 1] = before;
    ends[count] = end + 1 - first;
    count += 1;
    counter.increment();
    position = end + 1;
  }
  putHash(leaf, linked, 32 * count);
  return {
    holds: holds && count > 0,
    start,
    firstSeq: firstSeq ?? 0,
    firstPrevHash,
    count,
    repairs,
    leaves: linked.slice(32, 32 * (count + 1)),
    ends: ends.slice(0, count),
  };
}

/** Memory that is used again for every block: making and clearing it takes a tenth of the time. */
interface Room {
  /** Before the leaves of the lines stands what the first of them links to: a link is read back as it is compared. */
  readonly linked: Uint8Array<ArrayBuffer>;
  readonly ends: Uint32Array<ArrayBuffer>;
}

let room: Room = { linked: new Uint8Array(), ends: new Uint32Array() };

function roomFor(lines: number): Room {
  if (room.ends.length < lines) {
    room = { linked: new Uint8Array(32 * (lines + 1)), ends: new Uint32Array(lines) };
  }
  return room;
}

/** As many lines as bytes allow. */
function countBound(bytes: number): number {
  return Math.ceil(Math.max(0, bytes) / shortestLine) + 1;
}

function hasForm(view: DataView, start: number, end: number): boolean {
  const length = end - start;
  if (length < shortestLine || length > maximumLineBytes || view.getUint16(start) !== headStart) return false;
  return wordsStandAt(view, start + 2, head) && wordsStandAt(view, start + hashEnd, middle);
}

function wordsStandAt(view: DataView, position: number, words: Words): boolean {
  return (
    view.getUint32(position) === words[0] &&
    view.getUint32(position + 4) === words[1] &&
    view.getUint32(position + 8) === words[2]
  );
}

type Words = readonly [number, number, number];

/** Twelve bytes as three words, which are compared at once. */
function wordsOf(text: string): Words {
  const bytes = Buffer.from(text);
  return [bytes.readUInt32BE(0), bytes.readUInt32BE(4), bytes.readUInt32BE(8)];
}

/** The two hexadecimal digits of every byte, as one number. */
const digitPairs = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, "0")).readUInt16BE(0),
);

/** Whether the hash, a text of 32 characters, stands there in hex. Puts its bytes where they belong, too: one pass does both. */
function linksTo(view: DataView, position: number, leaf: string, leaves: Uint8Array, leafPosition: number): boolean {
  let differences = 0;
  for (let index = 0; index < 32; index += 1) {
    const byte = leaf.charCodeAt(index);
    leaves[leafPosition + index] = byte;
    differences |= view.getUint16(position + 2 * index) ^ (digitPairs[byte] ?? 0);
  }
  return differences === 0;
}

function standsAt(buffer: Buffer, position: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index += 1) {
    if (buffer[position + index] !== bytes[index]) return false;
  }
  return true;
}

function contentsHold(line: Buffer, isGenesis: boolean, { checkRecord }: ContentCheck): boolean {
  const record = readRecord(line);
  if (typeof record === "string") return false;
  return isGenesis || (record["kind"] !== "genesis" && (checkRecord === null || checkRecord(record) === null));
}

function repairIn(buffer: Buffer, start: number, end: number): JsonObject | null {
  const place = start + recordStart;
  if (!standsAt(buffer, place, tornStart) && !standsAt(buffer, place, unsignedStart)) return null;
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
