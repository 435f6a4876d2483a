import { CarbonOpsError } from "../../errors.ts";
import { parseCanonicalJson } from "../canonical-json.ts";
import { areEqual, type Bytes, bytesOf, hexOf } from "./bytes.ts";
import { type Checkpoint, openCheckpoint } from "./note.ts";
import { leafHash, rootOf } from "./tree.ts";
import { readKey } from "./verifier-key.ts";

export interface LedgerEvidence {
  /** Keys that the verifier trusts, as text. */
  readonly keys: readonly string[];
  /** The signed checkpoint: the file `<ledger>.checkpoint`, or one that was kept. */
  readonly checkpoint: string | Uint8Array;
}

export type LedgerVerdict =
  | {
      readonly ok: true;
      readonly lines: number;
      /** Lines under the checkpoint; those after it are in order, but nobody vouches for them. */
      readonly signedUpTo: number;
      /** Bytes after the last line feed, which are not part of the ledger. */
      readonly tornBytes: number;
      readonly checkpoint: Checkpoint;
    }
  | {
      readonly ok: false /** From 1; null when no line is to blame. */;
      readonly line: number | null;
      readonly reason: string;
    };

/** What a page should hold in memory; larger ledgers are for the command line. */
const maximumBytes = 64 << 20;
const maximumLineBytes = 65_535;
const lineFeed = 0x0a;

/**
 * Checks a whole ledger (at most 64 MiB) against one signed checkpoint: the form, canonical content, number and link of every
 * line, and the root over those that were signed. A segment of a ledger is a ledger. Throws KEY_INVALID, and INPUT_INVALID
 * when it is too large or there is no Ed25519.
 */
export async function verifyLedger(
  ledger: string | Uint8Array,
  { keys, checkpoint: note }: LedgerEvidence,
): Promise<LedgerVerdict> {
  const bytes = bytesOf(ledger);
  if (bytes.length > maximumBytes) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      "The ledger is larger than 64 MiB; verify it with `carbon-ops ledger verify`.",
    );
  }
  const checkpoint = await openCheckpoint(bytesOf(note), await Promise.all(keys.map(readKey)));
  if (typeof checkpoint === "string") return bad(null, `the checkpoint does not hold: ${checkpoint}`);
  const { lines, tornBytes } = splitLines(bytes);
  const leaves: Bytes[] = [];
  for (const [seq, line] of lines.entries()) {
    const fault = faultOf(
      line,
      seq,
      seq === 0 ? "0".repeat(64) : hexOf(leaves[seq - 1] ?? new Uint8Array()),
      checkpoint,
    );
    if (fault !== null) return bad(seq + 1, fault);
    leaves.push(await leafHash(line));
  }
  const { size, root } = checkpoint;
  if (size === 0 || lines.length < size) {
    return bad(null, `the checkpoint is over ${size} lines, but there are ${lines.length}`);
  }
  if (!areEqual(await rootOf(leaves.slice(0, size)), root)) {
    return bad(null, `the first ${size} lines are not those that were signed`);
  }
  return { ok: true, lines: lines.length, signedUpTo: size, tornBytes, checkpoint };
}

function bad(line: number | null, reason: string): LedgerVerdict {
  return { ok: false, line, reason };
}

function splitLines(bytes: Bytes): { readonly lines: readonly Bytes[]; readonly tornBytes: number } {
  const lines: Bytes[] = [];
  let start = 0;
  for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return { lines, tornBytes: bytes.length - start };
}

/** What is wrong with a line, or null. */
function faultOf(line: Bytes, seq: number, prevHash: string, { origin }: Checkpoint): string | null {
  if (line.length > maximumLineBytes) return "it is longer than a line may be";
  let value: ReturnType<typeof parseCanonicalJson>;
  try {
    value = parseCanonicalJson(line);
  } catch (error) {
    return error instanceof CarbonOpsError ? error.message : String(error);
  }
  if (!isObject(value) || Object.keys(value).join() !== "prev_hash,record,seq") {
    return "it has other members than prev_hash, record and seq";
  }
  const { prev_hash: link, record, seq: number } = value;
  if (number !== seq) return `its seq is not ${seq}`;
  if (link !== prevHash) return "it does not link to the line before it";
  if (!isObject(record) || typeof record["kind"] !== "string" || record["kind"] === "") return "its record has no kind";
  const isGenesis = record["kind"] === "genesis";
  if (isGenesis !== (seq === 0)) return isGenesis ? "it is a second genesis record" : "it is no genesis record";
  const ledgerId = record["ledger_id"];
  if (isGenesis && (typeof ledgerId !== "string" || origin !== `carbon-ops/ledger/${ledgerId}`)) {
    return `the checkpoint belongs to another ledger (${origin})`;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
