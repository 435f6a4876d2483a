import type { FileHandle } from "node:fs/promises";
import { CarbonOpsError } from "../errors.ts";
import { readGenesisOf } from "./appendable.ts";
import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { readLatestNote, readPart } from "./checkpoint-files.ts";
import { ledgerPaths, openLedgerFile } from "./ledger-files.ts";
import { openLedgerTree } from "./ledger-tree.ts";
import { consistencyProof, inclusionProof } from "./merkle-proof.ts";
import { emptyRoot } from "./merkle-tree.ts";
import { originOf } from "./own-records.ts";
import { formatTlogProof } from "./tlog-proof.ts";
import { isGzip } from "./uncompressed.ts";
import { parseVerifierKey } from "./verifier-key.ts";

export interface ProveOptions {
  /** Keys that may have signed the checkpoint, as text; the key that the ledger names unless said. */
  readonly keys?: readonly string[];
  /** The signed checkpoint that the proof leads to; the newest one beside the ledger unless said. */
  readonly checkpoint?: Uint8Array;
}

/** A checkpoint of a ledger that one of its keys has signed, and its note. */
export interface CurrentCheckpoint extends SignedCheckpoint {
  readonly note: Buffer;
}

export interface RecordProof {
  /** C2SP tlog-proof, with the line of the record in its extra data. */
  readonly proof: string;
  /** The line, without its line feed. */
  readonly line: string;
  /** Lines under the checkpoint that the proof leads to. */
  readonly size: number;
}

export interface ConsistencyProof {
  /** As a witness takes it (C2SP tlog-witness, add-checkpoint): `old <size>`, the hashes, and the newer checkpoint. */
  readonly proof: string;
  readonly oldSize: number;
  readonly size: number;
}

/**
 * A proof that a record stands in a signed ledger, which can be checked with the key alone. Throws INPUT_INVALID when there is
 * no such record under the checkpoint, LEDGER_UNSIGNED when there is no checkpoint, LEDGER_INVALID when ledger and checkpoint
 * do not fit, and what opening a ledger throws.
 */
export async function proveRecord(path: string, seq: number, options: ProveOptions = {}): Promise<RecordProof> {
  return await withLedger(path, async (handle) => {
    const checkpoint = await checkpointOf(handle, path, options);
    const { size, note } = checkpoint;
    if (!Number.isSafeInteger(seq) || seq < 0 || seq >= size) {
      throw new CarbonOpsError(
        "INPUT_INVALID",
        `Record ${seq} of ${path} cannot be proven: the checkpoint is over records 0 to ${size - 1}; give one of those.`,
      );
    }
    const tree = await openLedgerTree(handle, { path, checkpoint, seqs: [seq] });
    const line = tree.line(seq);
    const hashes = inclusionProof(seq, size, tree.subtreeRoot);
    const proof = formatTlogProof({ extra: line, index: seq, path: hashes, checkpoint: note });
    return { proof, line: line.toString("utf8"), size };
  });
}

/**
 * A proof that the ledger under its newest checkpoint begins with exactly the lines that an older one was over. Throws
 * what `proveRecord` throws; LEDGER_INVALID also when the older checkpoint is not of this ledger, or of another history.
 */
export async function proveConsistency(
  path: string,
  older: Uint8Array,
  options: ProveOptions = {},
): Promise<ConsistencyProof> {
  return await withLedger(path, async (handle) => {
    const from = await checkpointOf(handle, path, { ...options, checkpoint: older });
    const to = await checkpointOf(handle, path, options);
    if (from.size > to.size) {
      throw new CarbonOpsError(
        "LEDGER_INVALID",
        `The older checkpoint is over ${from.size} lines, but the newest one of ${path} is over ${to.size}: the ledger went back; ask \`carbon-ops ledger verify\` with --checkpoint.`,
      );
    }
    // The last line under the older tree: what stands beside it is what the proof names.
    const tree = await openLedgerTree(handle, { path, checkpoint: to, seqs: from.size === 0 ? [] : [from.size - 1] });
    const root = from.size === 0 ? emptyRoot : tree.subtreeRoot(0, from.size);
    if (!root.equals(from.root)) {
      throw new CarbonOpsError(
        "LEDGER_INVALID",
        `${path} does not begin with the ${from.size} lines of the older checkpoint: it was written anew; keep that checkpoint as evidence.`,
      );
    }
    const hashes = from.size === 0 ? [] : consistencyProof(from.size, to.size, tree.subtreeRoot);
    const lines = [`old ${from.size}`, ...hashes.map((hash) => hash.toString("base64"))];
    const proof = `${lines.join("\n")}\n\n${to.note.toString("utf8")}`;
    return { proof, oldSize: from.size, size: to.size };
  });
}

/** The newest checkpoint beside a ledger, its signature verified. Throws LEDGER_UNSIGNED where there is none, LEDGER_INVALID. */
export async function currentCheckpoint(path: string, options: ProveOptions = {}): Promise<CurrentCheckpoint> {
  return await withLedger(path, (handle) => checkpointOf(handle, path, options));
}

async function withLedger<Result>(path: string, work: (handle: FileHandle) => Promise<Result>): Promise<Result> {
  const handle = await openLedgerFile(path, "read");
  try {
    if (isGzip(await readPart(handle, 0, 2))) {
      throw new CarbonOpsError(
        "INPUT_INVALID",
        `${path} is compressed, and a proof needs single lines of it; uncompress it first, as \`gunzip -k\` does.`,
      );
    }
    return await work(handle);
  } finally {
    await handle.close();
  }
}

async function checkpointOf(
  handle: FileHandle,
  path: string,
  { keys, checkpoint: given }: ProveOptions,
): Promise<CurrentCheckpoint> {
  const genesis = await readGenesisOf(handle, path);
  const trusted = keys === undefined ? [genesis.verifierKey] : keys.map(parseVerifierKey);
  const note = given === undefined ? await readLatestNote(ledgerPaths(path)) : Buffer.from(given);
  const name = given === undefined ? ledgerPaths(path).checkpoint : "The checkpoint";
  if (note === null) {
    throw new CarbonOpsError(
      "LEDGER_UNSIGNED",
      `${name} does not exist, so nothing about ${path} can be proven; restore it, or sign with \`carbon-ops ledger checkpoint --sign\`.`,
    );
  }
  const opened = openCheckpoint(note, trusted);
  if (!opened.ok) throw unfitCheckpoint(name, opened.reason);
  if (opened.checkpoint.origin !== originOf(genesis.ledgerId)) throw unfitCheckpoint(name, "it is another ledger's");
  return { ...opened.checkpoint, note };
}

function unfitCheckpoint(name: string, reason: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${name} does not hold for this ledger (${reason}); name the right one, or ask \`carbon-ops ledger verify\`.`,
  );
}
