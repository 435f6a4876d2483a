import { CarbonOpsError } from "../../errors.ts";
import { readEnvelope } from "../line.ts";
import { uncompressed } from "../uncompressed.ts";
import { isVerifierKeyText, parseVerifierKey, type VerifierKey, verifierKeyFor } from "../verifier-key.ts";
import { isSignedBy, type PythonEntry, readPythonEntry } from "./entry.ts";
import { type PythonLine, pythonLines, pythonLinesOf } from "./python-lines.ts";

/** Where a ledger ended when somebody looked: so many entries, the last of them with this hash. */
export interface PythonHead {
  readonly entries: number;
  /** 64 hexadecimal digits, as the next entry's prev_hash would have them. */
  readonly entryHash: string;
}

export interface PythonVerifyOptions {
  /** Ed25519 public key: 64 hexadecimal digits, or a verifier key. None: signatures are held against the key that line 1 names. */
  readonly key?: string;
  /** An end of the ledger that was kept elsewhere: it must still have that entry, with that hash. */
  readonly head?: PythonHead;
  /** Sees every line that holds, in order. */
  readonly onEntry?: (entry: PythonEntry, line: number) => void;
}

export interface PythonVerification {
  readonly valid: boolean;
  /** Lines that hold: all, or those before the first bad one. */
  readonly entries: number;
  readonly firstBadLine: { readonly line: number; readonly reason: string } | null;
  /** Bytes of a last line that no line feed ends: it is the first bad line then. */
  readonly tornTail: { readonly line: number; readonly bytes: number } | null;
  /** Why the head that was kept does not fit; null when it does, or there is none. */
  readonly headProblem: string | null;
  /** The end that was found, to be kept elsewhere; null when no line holds. */
  readonly head: PythonHead | null;
  /** "key": signatures were held against a key that was given; "none": against the one that the ledger names itself. */
  readonly trust: "key" | "none";
  /** That key, in hex. */
  readonly signedBy: string | null;
  /** Lines that hold NaN or an infinite number: valid for the original, and not JSON. The first 100 of `nonFiniteCount`. */
  readonly nonFiniteLines: readonly number[];
  readonly nonFiniteCount: number;
  /** What this format cannot show, in words. */
  readonly warnings: readonly string[];
}

/**
 * Checks a ledger of the Python original by that project's rules, and by what its writer leaves and its validator does not
 * look at: every line in the writer's own spelling, no link in the first line and one in all others, signing_key and
 * signature_algorithm as they must be. In bounded memory; what gzip has compressed is looked at as what it holds. The outcome is data; it throws LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE,
 * LEDGER_UNREADABLE or KEY_INVALID.
 */
export async function verifyPythonLedger(
  ledger: string | AsyncIterable<Uint8Array>,
  options: PythonVerifyOptions = {},
): Promise<PythonVerification> {
  const key = options.key === undefined ? null : pythonKey(options.key);
  if (typeof ledger !== "string") return await verifyLines(pythonLines(uncompressed(ledger)), key, options);
  return await verifyLines(pythonLinesOf(ledger), key, options);
}

/** The key of the original's tools: 64 hexadecimal digits, with or without 0x; or a verifier key. Throws KEY_INVALID. */
function pythonKey(text: string): VerifierKey {
  if (isVerifierKeyText(text)) return parseVerifierKey(text);
  const digits = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (digits === undefined) {
    throw new CarbonOpsError(
      "KEY_INVALID",
      "The key of a Python ledger must be 64 hexadecimal digits or a verifier key; give the public key as its tools print it.",
    );
  }
  return verifierKeyFor("carbon-ops/python", Buffer.from(digits, "hex"));
}

const listedLines = 100;

async function verifyLines(
  lines: AsyncIterable<PythonLine>,
  given: VerifierKey | null,
  { head: kept, onEntry }: PythonVerifyOptions,
): Promise<PythonVerification> {
  const nonFiniteLines: number[] = [];
  let nonFiniteCount = 0;
  let key = given;
  let entries = 0;
  let lastHash: string | null = null;
  let keptHash: string | null = null;
  let fault: string | null = null;
  let tornBytes = 0;
  for await (const line of lines) {
    const entry =
      entries === 0 && isOurs(line.bytes)
        ? "it is a line of a ledger of carbon-ops itself: check it without --format python"
        : readPythonEntry(line.bytes);
    const checked = typeof entry === "string" ? entry : checkEntry(entry, key, lastHash);
    fault = typeof checked === "string" ? checked : null;
    if (!line.isComplete) {
      tornBytes = line.bytes.length;
      fault = `no line feed ends it: the write was cut off, or is still going on${fault === null ? "" : ` (${fault})`}`;
    }
    if (fault !== null || typeof entry === "string" || typeof checked === "string") break;
    key = checked;
    entries += 1;
    lastHash = entry.entryHash;
    if (entries === kept?.entries) keptHash = lastHash;
    if (entry.holdsNonFinite) {
      nonFiniteCount += 1;
      if (nonFiniteLines.length < listedLines) nonFiniteLines.push(entries);
    }
    onEntry?.(entry, entries);
  }
  if (entries === 0) fault ??= "there is none: the file is empty";
  const headProblem = kept === undefined ? null : headProblemOf(kept, entries, keptHash);
  const head = lastHash === null ? null : { entries, entryHash: lastHash };
  return {
    valid: fault === null && headProblem === null,
    entries,
    firstBadLine: fault === null ? null : { line: entries + 1, reason: fault },
    tornTail: tornBytes > 0 ? { line: entries + 1, bytes: tornBytes } : null,
    headProblem,
    head,
    trust: given === null ? "none" : "key",
    signedBy: key === null ? null : key.publicKey.toString("hex"),
    nonFiniteLines,
    nonFiniteCount,
    warnings: warningsOf(given !== null, kept ?? null, nonFiniteCount),
  };
}

function isOurs(line: Buffer): boolean {
  return typeof readEnvelope(line) !== "string";
}

/** The key that the entry is signed with, or what is wrong with the entry. Without a key the entry's own is taken. */
function checkEntry(entry: PythonEntry, known: VerifierKey | null, lastHash: string | null): VerifierKey | string {
  if (lastHash === null && entry.prevHash !== null) {
    return "it links to an entry before it, so it is not the first one: the head of the ledger was removed";
  }
  if (lastHash !== null && entry.prevHash === null) {
    return "it links to no entry before it, as the original leaves it behind a line that it could not read";
  }
  if (entry.prevHash !== lastHash) return "its prev_hash is not the hash of the entry before it";
  const key = known ?? ownKey(entry);
  if (typeof key === "string") return key;
  if (entry.signingKey !== key.publicKey.toString("hex")) {
    return `it names the key ${entry.signingKey}, and not the one that signs this ledger`;
  }
  return isSignedBy(entry, key) ? key : "its signature does not fit: it was changed, or another key signed it";
}

function ownKey({ signingKey }: PythonEntry): VerifierKey | string {
  try {
    return pythonKey(signingKey);
  } catch (error) {
    if (error instanceof CarbonOpsError) return "its signing_key is one under which anybody can sign";
    throw error;
  }
}

function headProblemOf(kept: PythonHead, entries: number, keptHash: string | null): string | null {
  if (keptHash === kept.entryHash) return null;
  if (keptHash !== null) return `entry ${kept.entries} has another hash than the one that was kept: it was replaced`;
  return `${kept.entries} entries were there and ${entries} are: the others were cut off, or hide behind the first bad line`;
}

/** Which attacks leave no trace in this format, given what was brought along. */
function warningsOf(hasKey: boolean, kept: PythonHead | null, nonFiniteCount: number): string[] {
  const since = kept === null ? "at its end" : `behind entry ${kept.entries}`;
  const warnings = [
    `Entries that were cut off ${since}, or replaced by others that the same key signed, leave no trace: keep the head, and give it next time.`,
    "signing_key and signature_algorithm are covered by no signature and no hash; they were compared with what they must be, which is all that can be done.",
    "Nothing shows when an entry was written, nor whether the holder of the key keeps another ledger for somebody else.",
  ];
  if (!hasKey)
    warnings.push(
      "The key was taken from the ledger itself, which proves nothing about who signed: get it from its owner.",
    );
  if (nonFiniteCount > 0) {
    warnings.push(
      "Lines that hold NaN or an infinite number are no JSON: the original writes and accepts them, other readers do not.",
    );
  }
  return warnings;
}
