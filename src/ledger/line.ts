import { CarbonOpsError } from "../errors.ts";
import { canonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from "./canonical-json.ts";

/**
 * One line of a ledger, without its line feed: `{"prev_hash":"<64 hex>","record":{…},"seq":n}`. Canonical order puts
 * `prev_hash` first and `seq` last, so both are found without parsing what stands between them.
 */

/** A line may be 65,535 bytes long, which is what an entry of C2SP tlog-tiles can hold. */
export const maximumLineBytes = 65_535;
/** What is left for the record beside the envelope, rounded down. */
export const maximumRecordBytes = 65_400;

/** Link of the first line, which has none before it. */
export const noPreviousHash = "0".repeat(64);

const head = '{"prev_hash":"';
const middle = '","record":{';
const hashStart = head.length;
const hashEnd = hashStart + 64;
const recordStart = hashEnd + middle.length - 1;

export interface Envelope {
  /** Leaf hash of the previous line, in hex. */
  readonly prevHash: string;
  readonly seq: number;
}

export function formatLine(prevHash: string, record: string, seq: number): string {
  return `{"prev_hash":"${prevHash}","record":${record},"seq":${seq}}`;
}

/** The line's link and number, or what is wrong with its form. The record is not looked at. */
export function readEnvelope(line: Buffer): Envelope | string {
  const start = line.toString("latin1", 0, recordStart + 1);
  const prevHash = start.slice(hashStart, hashEnd);
  if (start !== head + prevHash + middle) return 'it does not begin with {"prev_hash":"…","record":{';
  if (!/^[0-9a-f]{64}$/.test(prevHash)) return "its prev_hash is not 64 hexadecimal digits in lower case";
  const end = /\},"seq":(0|[1-9][0-9]{0,15})\}$/.exec(line.toString("latin1", Math.max(0, line.length - 27)));
  const seq = Number(end?.[1]);
  return Number.isSafeInteger(seq) ? { prevHash, seq } : 'it does not end with },"seq":n}';
}

/** The canonical bytes of a line's record; the form of the line has been found to hold. */
export function recordBytes(line: Buffer): Buffer {
  return line.subarray(recordStart, line.lastIndexOf(',"seq":'));
}

/** The same line with another link. */
export function withPrevHash(line: Buffer, prevHash: string): Buffer {
  const changed = Buffer.from(line);
  changed.write(prevHash, hashStart, "latin1");
  return changed;
}

/** The record of a line whose every byte is as canonical form wants it, or what is wrong. */
export function readRecord(line: Buffer): JsonObject | string {
  let value: JsonValue;
  try {
    value = parseCanonicalJson(line);
  } catch (error) {
    return error instanceof CarbonOpsError ? error.message.replace(/^The record (.*)\.$/, "it $1") : String(error);
  }
  if (!isObject(value) || Object.keys(value).length !== 3) return "it has other members than prev_hash, record and seq";
  const record = value["record"];
  return hasKind(record) ? record : "its record has no kind";
}

/**
 * The canonical text of a record that is about to be appended. Throws RECORD_INVALID when it is not an object with a `kind`,
 * is not JSON, or does not fit into a line.
 */
export function recordText(record: JsonObject): string {
  // In its place inside of a line, so that a record at the limit of depth does not make a line beyond it.
  const text = canonicalJson({ record }).slice('{"record":'.length, -1);
  if (!hasKind(record)) {
    throw new CarbonOpsError(
      "RECORD_INVALID",
      'The record must be an object with a member "kind" that says what it is.',
    );
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > maximumRecordBytes) {
    throw new CarbonOpsError(
      "RECORD_INVALID",
      `The record takes ${bytes} bytes, but a line of a ledger has room for ${maximumRecordBytes}; split it or shorten it.`,
    );
  }
  return text;
}

function hasKind(record: JsonValue | undefined): record is JsonObject {
  return isObject(record) && typeof record["kind"] === "string" && record["kind"] !== "";
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
