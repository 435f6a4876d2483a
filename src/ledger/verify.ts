import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { Chain } from "./chain.ts";
import { tornWithoutCause } from "./checkpoint-history.ts";
import { type CheckpointProblem, Evidence, findNotes, givenCheckpointName, type NoteSources } from "./evidence.ts";
import { type Inspection, inspect, type LineFault } from "./inspect.ts";
import { openLedgerFile, readChunks } from "./ledger-files.ts";
import type { Repair } from "./repairs.ts";
import { parseVerifierKey, type VerifierKey } from "./verifier-key.ts";

export interface VerifyOptions {
  /** Keys that the verifier trusts, as text (the line of a .pub file). None: only the chain can be vouched for. */
  readonly keys?: readonly string[];
  /** A signed checkpoint that the verifier has kept: the ledger must still begin with exactly those lines. */
  readonly checkpoint?: Uint8Array;
}

export interface LedgerVerification {
  /** No sign that the ledger or its checkpoints were altered. Whether all of it is signed says `unsignedLines`. */
  readonly valid: boolean;
  readonly ledgerId: string | null;
  /** Lines that hold: all, or those before the first bad one. */
  readonly lines: number;
  /** RFC 6962 root over those lines, in hex; null when there is a bad line. */
  readonly root: string | null;
  readonly firstBadLine: FirstBadLine | null;
  /** Bytes after the last line feed: being written at this moment, or left by a crash. Not part of the ledger. */
  readonly tornTail: { readonly offset: number; readonly bytes: number } | null;
  readonly checkpoints: {
    /** Signed checkpoints that stand in the history. */
    readonly inHistory: number;
    readonly problems: readonly CheckpointProblem[];
  };
  /** What vouches for the author: a key that was given, a checkpoint that was given, or nothing. */
  readonly trust: "key" | "checkpoint" | "none";
  /** Lines that the author has signed. */
  readonly signedUpTo: number;
  readonly unsignedLines: number;
  /** The author's key, as text; null when nothing vouches for it. */
  readonly signedBy: string | null;
  /** The key that the ledger itself names, which proves nothing. */
  readonly namedKey: string | null;
  /** What the ledger says was mended in it; the first 100 of `repairCount`. */
  readonly repairs: readonly Repair[];
  readonly repairCount: number;
  /** Lines that were found unsigned, left by a crash or added by somebody else, and that the author signed later. */
  readonly adoptedLines: number;
  /** What was looked at, and what was not, in words. */
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
}

export type FirstBadLine = Pick<LineFault, "line" | "seq" | "reason" | "earliestLine">;

/**
 * Checks a ledger, in bounded memory: every line's form, canonical content, number and link, the tree, and every signed
 * checkpoint beside it. The outcome is data; only a ledger that cannot be read, or a key that is none, throws
 * (LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE, LEDGER_UNREADABLE, KEY_INVALID).
 *
 * Without keys, checkpoints are held against the key that the ledger names: that finds damage and clumsy tampering, and says
 * nothing about who wrote it. A stream has no files beside it, so only a given checkpoint can vouch for it.
 */
export async function verifyLedger(
  ledger: string | AsyncIterable<Uint8Array>,
  options: VerifyOptions = {},
): Promise<LedgerVerification> {
  const keys = (options.keys ?? []).map(parseVerifierKey);
  const given = options.checkpoint === undefined ? null : Buffer.from(options.checkpoint);
  if (typeof ledger !== "string") return await verifyChunks(ledger, await findNotes(null, given), keys, null);
  const handle = await openLedgerFile(ledger, "read");
  try {
    return await verifyChunks(readChunks(handle), await findNotes(ledger, given), keys, handle);
  } finally {
    await handle.close();
  }
}

async function verifyChunks(
  chunks: AsyncIterable<Uint8Array>,
  notes: NoteSources,
  keys: readonly VerifierKey[],
  handle: FileHandle | null,
): Promise<LedgerVerification> {
  const sizeNow = async (): Promise<number> =>
    handle === null ? Number.POSITIVE_INFINITY : (await handle.stat()).size;
  // What stands there at the beginning is judged; lines that a writer at work adds meanwhile need not be chased.
  const enoughBytes = await sizeNow();
  const chain = new Chain();
  const gathered: Evidence[] = [];
  const inspection = await inspect(chunks, {
    chain,
    genesis: null,
    contents: "all",
    enoughBytes,
    checkpointsOf: async (genesis) => {
      const evidence = await Evidence.gather(notes, keys.length > 0 ? keys : [genesis.verifierKey], genesis);
      gathered.push(evidence);
      const advance = async (): Promise<void> => {
        await evidence.advance();
        if (evidence.peek() === null && chain.byteLength < enoughBytes) await evidence.awaitNewer();
      };
      return { peek: () => evidence.peek(), advance };
    },
  });
  const [evidence = null] = gathered;
  await evidence?.close();
  const isGrowing = !inspection.endReached && (await sizeNow()) > chain.byteLength;
  return conclude({ ...inspection, chain, evidence, notes, keys, isGrowing });
}

interface Findings extends Inspection {
  readonly chain: Chain;
  /** Null when the first line is not even a genesis record. */
  readonly evidence: Evidence | null;
  readonly notes: NoteSources;
  readonly keys: readonly VerifierKey[];
  /** Whether lines were added while the others were looked at. */
  readonly isGrowing: boolean;
}

function conclude(findings: Findings): LedgerVerification {
  const { chain, genesis, evidence, trailingBytes } = findings;
  const fault = findings.fault ?? foreignGenesis(evidence);
  const lines = fault === null ? chain.size : fault.earliestLine - 1;
  const problems = checkpointProblems(findings, lines);
  const trust = trustOf(findings);
  const signedUpTo = trust === "none" ? 0 : Math.min(findings.provenSize, lines);
  return {
    valid: fault === null && problems.length === 0,
    ledgerId: genesis?.ledgerId ?? null,
    lines,
    root: fault === null ? chain.root().toString("hex") : null,
    firstBadLine: fault === null ? null : firstBadLine(fault),
    tornTail: fault === null && trailingBytes > 0 ? { offset: chain.byteLength, bytes: trailingBytes } : null,
    checkpoints: { inHistory: evidence?.historyCount ?? 0, problems },
    trust,
    signedUpTo,
    unsignedLines: lines - signedUpTo,
    signedBy: signedUpTo > 0 ? (evidence?.provenBy?.vkey ?? null) : null,
    namedKey: genesis?.verifierKey.vkey ?? null,
    repairs: findings.repairs.listed,
    repairCount: findings.repairs.count,
    adoptedLines: findings.repairs.adoptedCount,
    checked: checkedParts(findings),
    notChecked: notCheckedParts(findings, trust),
  };
}

function firstBadLine({ line, seq, reason, earliestLine }: FirstBadLine): FirstBadLine {
  return { line, seq, reason, earliestLine };
}

function foreignGenesis(evidence: Evidence | null): FirstBadLine | null {
  const origin = evidence?.foreignOrigin ?? null;
  if (origin === null) return null;
  return { line: 1, seq: 0, reason: `its signed checkpoints belong to another ledger (${origin})`, earliestLine: 1 };
}

function checkpointProblems(
  { evidence, keys, provenSize, notes, isGrowing }: Findings,
  lines: number,
): CheckpointProblem[] {
  if (evidence === null) return [];
  const problems = [...evidence.problems];
  const historyName = notes.paths === null ? "" : basename(notes.paths.history);
  // A crash tears the history only between the sync of new lines and their checkpoint: then those lines are unsigned.
  if (evidence.historyTorn && provenSize >= lines && !isGrowing) {
    problems.push({ file: historyName, reason: tornWithoutCause });
  }
  if (keys.length > 0 && !evidence.isSigned && problems.length === 0) {
    const file = notes.paths === null ? givenCheckpointName : basename(notes.paths.checkpoint);
    problems.push({ file, reason: "there is none, so nothing shows that a given key has signed this ledger" });
  }
  return problems;
}

/** A kept checkpoint vouches for the first line, and so for the key that the line names. */
function trustOf({ evidence, keys, notes, provenSize }: Findings): LedgerVerification["trust"] {
  if (evidence === null || provenSize === 0) return "none";
  if (keys.length > 0) return "key";
  const givenHolds = notes.given !== null && evidence.problems.every(({ file }) => file !== givenCheckpointName);
  return givenHolds && provenSize >= evidence.givenSize ? "checkpoint" : "none";
}

function notCheckedParts({ isGrowing }: Findings, trust: LedgerVerification["trust"]): string[] {
  const author = trust === "none" ? ["who wrote it: no trusted key or checkpoint vouches for a signature"] : [];
  const growth = isGrowing ? ["lines that were added after this check began"] : [];
  return [...author, ...growth];
}

function checkedParts({ evidence, keys }: Findings): string[] {
  const lines = "every line up to the end or the first bad one: form, number, link, canonical content, Merkle tree";
  if (evidence === null) return [lines];
  const signer = keys.length > 0 ? "the given key" : "the key that the ledger itself names";
  return [lines, `every checkpoint that was found: signature by ${signer}, root, order`];
}
