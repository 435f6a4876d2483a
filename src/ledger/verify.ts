import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { BlockJoin } from "./block-join.ts";
import type { RecordCheck } from "./block-lines.ts";
import { ownThreadModule } from "./block-thread-module.ts";
import type { Chain } from "./chain.ts";
import { tornWithoutCause } from "./checkpoint-history.ts";
import {
  type CheckpointProblem,
  Evidence,
  findNotes,
  givenCheckpointName,
  type NoteSources,
  rememberedCheckpointName,
} from "./evidence.ts";
import { type DueCheckpoints, type Inspection, inspect, type LineFault } from "./inspect.ts";
import { keysAfter, rotationInto } from "./key-rotation.ts";
import { openLedgerFile } from "./ledger-files.ts";
import { type LedgerSource, sourceOfFile, sourceOfStream } from "./ledger-source.ts";
import { type Genesis, type PreviousSegment, readGenesisLine } from "./own-records.ts";
import { looksLikePythonEntry } from "./python/entry.ts";
import { type Repair, Repairs } from "./repairs.ts";
import { parseVerifierKey, parseWitnessKey, type VerifierKey } from "./verifier-key.ts";

export interface VerifyOptions {
  /**
   * Keys that the verifier trusts, as text (the line of a .pub file). None: only the chain can be vouched for. A statement that
   * another key follows one of them counts if it is about the segment that this file goes on from.
   */
  readonly keys?: readonly string[];
  /** Keys of witnesses whose cosignatures count, as text (type 04 of C2SP tlog-cosignature). */
  readonly witnesses?: readonly string[];
  /** A signed checkpoint that the verifier has kept: the ledger must still begin with exactly those lines. */
  readonly checkpoint?: Uint8Array;
  /** The checkpoint that an earlier verification gave back as `newestCheckpoint`: the same demand. */
  readonly remembered?: Uint8Array;
  /** The name beside which its checkpoints stand, where that is not its own. */
  readonly checkpointsBeside?: string;
  /** Whether the contents of all lines are looked at too: canonical form, and what `checkRecord` finds. */
  readonly deep?: boolean;
  /** With `deep`, what is wrong with a record beyond its form: its schema, say. Null where nothing is. */
  readonly checkRecord?: RecordCheck;
  /** Threads that share the work on a large file; unless said, as many as there are cores where it is worth starting them. */
  readonly threads?: number;
  /** Where such a thread starts when it needs `checkRecord`: a module that hands the same check to block-worker.ts. */
  readonly threadModule?: URL;
  /** Told now and then how far it has come; `totalBytes` is null for a stream. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly bytes: number;
  readonly lines: number;
  readonly totalBytes: number | null;
}

export interface LedgerVerification {
  /** No sign that the ledger or its checkpoints were altered. Whether all of it is signed says `unsignedLines`. */
  readonly valid: boolean;
  readonly ledgerId: string | null;
  /** Lines that hold: all, or those before the first bad one. Every one of them was hashed anew. */
  readonly lines: number;
  /** Bytes of those lines. */
  readonly bytes: number;
  /** How many of them were parsed and held against their canonical form, too. */
  readonly parsedLines: number;
  /** RFC 6962 root over those lines, and leaf hash of the last one, in hex; null when there is a bad line. */
  readonly root: string | null;
  readonly lastHash: string | null;
  /** What the first line says of its place among the segments of a ledger; 1 and null when it is the first, or no ledger. */
  readonly namedSegment: number;
  readonly previous: PreviousSegment | null;
  readonly firstBadLine: FirstBadLine | null;
  /** The first line is an entry of the Python original: `verifyPythonLedger` is who knows about it. */
  readonly isPythonLedger: boolean;
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
  /** For each witness whose key was given: how many lines it has seen, and when. */
  readonly witnesses: readonly Witnessing[];
  /** The largest signed checkpoint that holds: worth keeping. Null when nothing vouches for its author. */
  readonly newestCheckpoint: string | null;
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

export interface Witnessing {
  readonly witness: string;
  /** Lines under the largest checkpoint that it has cosigned; 0 when there is none. */
  readonly lines: number;
  /** POSIX seconds of that cosignature; null when there is none. */
  readonly timestampSeconds: number | null;
}

/**
 * Checks a ledger, in bounded memory: every line's form, number and link, the tree, and every signed checkpoint beside it. What
 * stands in the lines is looked at where no signature covers it, where something is wrong, and with `deep` everywhere. The
 * outcome is data; only a ledger that cannot be read, or a key that is none, throws (LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE,
 * LEDGER_UNREADABLE, KEY_INVALID). A file or stream that gzip (RFC 1952) has compressed is looked at as what it holds.
 *
 * Without keys, checkpoints are held against the key that the ledger names: that finds damage and clumsy tampering, and says
 * nothing about who wrote it. A stream has no files beside it, so only a given checkpoint can vouch for it.
 */
export async function verifyLedger(
  ledger: string | AsyncIterable<Uint8Array>,
  options: VerifyOptions = {},
): Promise<LedgerVerification> {
  const request = requestOf(options);
  if (typeof ledger !== "string") {
    const source = sourceOfStream(ledger, request.deep ? { checkRecord: request.checkRecord } : null);
    return await verifySource(source, await findNotes(null, request.given), request);
  }
  const handle = await openLedgerFile(ledger, "read");
  try {
    const source = await sourceOfFile(handle, request);
    const beside = options.checkpointsBeside ?? (source.isStream ? ledger.replace(/\.gz$/, "") : ledger);
    return await verifySource(source, await findNotes(beside, request.given), request);
  } finally {
    await handle.close();
  }
}

interface VerifyRequest {
  readonly keys: readonly VerifierKey[];
  readonly witnesses: readonly VerifierKey[];
  readonly given: NoteSources["given"];
  readonly deep: boolean;
  readonly checkRecord: RecordCheck | null;
  readonly threads: number;
  readonly areThreadsAskedFor: boolean;
  readonly threadModule: URL | null;
  readonly onProgress: (progress: VerifyProgress) => void;
}

function requestOf(options: VerifyOptions): VerifyRequest {
  const keys = (options.keys ?? []).map(parseVerifierKey);
  const witnesses = (options.witnesses ?? []).map(parseWitnessKey);
  const given = [
    { name: givenCheckpointName, note: options.checkpoint },
    { name: rememberedCheckpointName, note: options.remembered },
  ].flatMap(({ name, note }) => (note === undefined ? [] : [{ name, note: Buffer.from(note) }]));
  return {
    // Whoever cosigns only says what he saw: it is no author's key, however it was given.
    keys: keys.filter(({ algorithm }) => algorithm === "ed25519"),
    witnesses: [...keys.filter(({ algorithm }) => algorithm === "cosignature"), ...witnesses],
    given,
    deep: options.deep ?? false,
    checkRecord: options.checkRecord ?? null,
    threads: options.threads ?? availableParallelism(),
    areThreadsAskedFor: options.threads !== undefined,
    threadModule: options.threadModule ?? (options.checkRecord === undefined ? ownThreadModule() : null),
    onProgress: options.onProgress ?? (() => undefined),
  };
}

async function verifySource(
  source: LedgerSource,
  notes: NoteSources,
  request: VerifyRequest,
): Promise<LedgerVerification> {
  // What stands there at the beginning is judged; lines that a writer at work adds meanwhile need not be chased.
  const enoughBytes = await source.sizeNow();
  const firstLine = await source.firstLine();
  const genesis = firstLine === null ? null : readGenesisLine(firstLine);
  const isLedger = genesis !== null && typeof genesis !== "string";
  const evidence = isLedger ? await gatherEvidence(notes, request, genesis) : null;
  try {
    const walked = await walk(source, enoughBytes, evidence, isLedger ? genesis : null, request);
    const isGrowing = !walked.endReached && (await source.sizeNow()) > walked.chain.byteLength;
    const isPythonLedger = !isLedger && firstLine !== null && looksLikePythonEntry(firstLine);
    return conclude({ ...walked, evidence, notes, request, isGrowing, isPythonLedger });
  } finally {
    await evidence?.close();
    await source.close();
  }
}

async function gatherEvidence(notes: NoteSources, request: VerifyRequest, genesis: Genesis): Promise<Evidence> {
  // Of statements about earlier segments one file cannot say whether they are about its own: `verifySegments` can.
  const authors = request.keys.length > 0 ? keysAfter(request.keys, rotationInto(genesis)) : [genesis.verifierKey];
  return await Evidence.gather(notes, [...authors, ...request.witnesses], genesis);
}

interface Walked extends Inspection {
  readonly chain: Chain;
  readonly parsedLines: number;
}

/** First at the speed of hashing, as far as everything fits and is signed; from there on line by line. */
async function walk(
  source: LedgerSource,
  enoughBytes: number,
  evidence: Evidence | null,
  genesis: Genesis | null,
  request: VerifyRequest,
): Promise<Walked> {
  const repairs = new Repairs();
  const { checkRecord, deep } = request;
  let byteLength = (): number => 0;
  const due: DueCheckpoints = {
    peek: () => evidence?.peek() ?? null,
    advance: async () => {
      await evidence?.advance();
      // Nobody writes to what is compressed, or comes through a pipe.
      if (!source.isStream && evidence?.peek() === null && byteLength() < enoughBytes) await evidence.awaitNewer();
    },
  };
  const join = new BlockJoin(due, repairs);
  if (evidence !== null) {
    byteLength = () => join.byteLength;
    for await (const block of source.blocks()) {
      const goesOn = await join.take(block);
      request.onProgress({ bytes: join.byteLength, lines: join.size, totalBytes: source.totalBytes });
      if (!goesOn) break;
    }
  }
  const { chain, provenSize, provenBytes } = join.place;
  const quickLines = chain.size;
  byteLength = () => chain.byteLength;
  const isEnough = provenSize > 0 && provenSize === chain.size && due.peek() === null && provenBytes >= enoughBytes;
  const inspection: Inspection = isEnough
    ? { genesis, fault: null, provenSize, provenBytes, trailingBytes: 0, endReached: false, repairs }
    : await inspect(source.rest(chain.byteLength), {
        chain,
        proven: { size: provenSize, bytes: provenBytes },
        genesis: chain.size === 0 ? null : genesis,
        contents: "all",
        checkRecord: deep ? checkRecord : null,
        repairs,
        enoughBytes,
        checkpointsOf: async () => due,
      });
  return { ...inspection, chain, parsedLines: deep ? chain.size : chain.size - quickLines };
}

interface Findings extends Walked {
  /** Null when the first line is not even a genesis record. */
  readonly evidence: Evidence | null;
  readonly notes: NoteSources;
  readonly request: VerifyRequest;
  /** Whether lines were added while the others were looked at. */
  readonly isGrowing: boolean;
  readonly isPythonLedger: boolean;
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
    bytes: bytesOf(findings, lines),
    parsedLines: Math.min(findings.parsedLines, lines),
    root: fault === null ? chain.root().toString("hex") : null,
    lastHash: fault === null ? chain.lastHash : null,
    namedSegment: genesis?.segment ?? 1,
    previous: genesis?.previous ?? null,
    firstBadLine: fault === null ? null : firstBadLine(fault),
    isPythonLedger: findings.isPythonLedger,
    tornTail: fault === null && trailingBytes > 0 ? { offset: chain.byteLength, bytes: trailingBytes } : null,
    checkpoints: { inHistory: evidence?.historyCount ?? 0, problems },
    trust,
    signedUpTo,
    unsignedLines: lines - signedUpTo,
    signedBy: signedUpTo > 0 ? (evidence?.provenBy?.vkey ?? null) : null,
    namedKey: genesis?.verifierKey.vkey ?? null,
    witnesses: witnessings(findings),
    newestCheckpoint: trust === "none" ? null : (evidence?.provenNote?.toString("utf8") ?? null),
    repairs: findings.repairs.listed,
    repairCount: findings.repairs.count,
    adoptedLines: findings.repairs.adoptedCount,
    checked: checkedParts(findings),
    notChecked: notCheckedParts(findings, trust),
  };
}

function bytesOf({ chain, provenBytes }: Findings, lines: number): number {
  if (lines === chain.size) return chain.byteLength;
  return lines === chain.size - 1 ? chain.lastLineStart : provenBytes;
}

function firstBadLine({ line, seq, reason, earliestLine }: FirstBadLine): FirstBadLine {
  return { line, seq, reason, earliestLine };
}

/** What is said where nothing vouches for the author. */
export const unknownAuthor = "who wrote it: no trusted key or checkpoint vouches for a signature";

/** Of a ledger without checkpoints, where a key was given. */
export const neverSigned = "there is none, so nothing shows that a given key has signed this ledger";

function foreignGenesis(evidence: Evidence | null): FirstBadLine | null {
  const origin = evidence?.foreignOrigin ?? null;
  if (origin === null) return null;
  return { line: 1, seq: 0, reason: `its signed checkpoints belong to another ledger (${origin})`, earliestLine: 1 };
}

function checkpointProblems(
  { evidence, request: { keys }, provenSize, notes, isGrowing }: Findings,
  lines: number,
): CheckpointProblem[] {
  if (evidence === null) return [];
  const problems = [...evidence.problems];
  const historyName = notes.paths === null ? "" : basename(notes.paths.history);
  // A crash tears the history only between the sync of new lines and their checkpoint: then those lines are unsigned.
  if (evidence.historyTorn && provenSize >= lines && !isGrowing) {
    problems.push({ file: historyName, reason: tornWithoutCause });
  }
  // A stream has none beside it: without one that was kept nothing can be said, for the ledger or against it.
  if (keys.length > 0 && !evidence.isSigned && problems.length === 0 && notes.paths !== null) {
    problems.push({ file: basename(notes.paths.checkpoint), reason: neverSigned });
  }
  return problems;
}

/** A kept checkpoint vouches for the first line, and so for the key that the line names. */
function trustOf({ evidence, request: { keys, given }, provenSize }: Findings): LedgerVerification["trust"] {
  if (evidence === null || provenSize === 0) return "none";
  if (keys.length > 0) return "key";
  const names = given.map(({ name }) => name);
  const givenHolds = names.length > 0 && evidence.problems.every(({ file }) => !names.includes(file));
  return givenHolds && provenSize >= evidence.givenSize ? "checkpoint" : "none";
}

function witnessings({ evidence, request }: Findings): Witnessing[] {
  return request.witnesses.map((witness) => {
    const seen = evidence?.witnessed.find(({ key }) => key.vkey === witness.vkey);
    return { witness: witness.vkey, lines: seen?.size ?? 0, timestampSeconds: seen?.timestampSeconds ?? null };
  });
}

function notCheckedParts({ isGrowing, chain, parsedLines }: Findings, trust: LedgerVerification["trust"]): string[] {
  const author = trust === "none" ? [unknownAuthor] : [];
  const growth = isGrowing ? ["lines that were added after this check began"] : [];
  const contents =
    parsedLines < chain.size ? ["what stands in the records: their hashes bind it, --deep looks at its form"] : [];
  return [...author, ...growth, ...contents];
}

function checkedParts({ evidence, request, chain, parsedLines }: Findings): string[] {
  const parts = ["every byte of every line hashed anew: form, number, link, Merkle tree"];
  if (parsedLines > 0) {
    const which = parsedLines === chain.size ? "all lines" : `the last ${countOf(parsedLines, "line")}`;
    parts.push(`canonical content of ${which}`);
  }
  if (request.deep && request.checkRecord !== null) parts.push("the schema of every record that has one");
  if (evidence === null) return parts;
  const signer = request.keys.length > 0 ? "the given key" : "the key that the ledger itself names";
  return [...parts, `every checkpoint that was found: signature by ${signer}, root, order`];
}

function countOf(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
