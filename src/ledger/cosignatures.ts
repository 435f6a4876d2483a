import type { Clock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import { readGenesis } from "./appendable.ts";
import { openCheckpoint, parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { readCosigned } from "./checkpoint-history.ts";
import { moveIntoPlace, writeTemporaryFile } from "./durable-file.ts";
import { ledgerPaths, openLedgerFile } from "./ledger-files.ts";
import { openLedgerTree } from "./ledger-tree.ts";
import { acquireLock } from "./lock.ts";
import { parseNote } from "./note.ts";
import { originOf } from "./own-records.ts";
import { currentCheckpoint } from "./prove.ts";
import { ledgerOfSealed } from "./segments.ts";
import { parseWitnessKey, type VerifierKey } from "./verifier-key.ts";

export interface CosignatureImport {
  /** A checkpoint with cosignatures, or, as a witness answers (C2SP tlog-witness), signature lines alone. */
  readonly note: Uint8Array;
  /** Keys of the witnesses that are expected, as text. */
  readonly witnesses: readonly string[];
  /** What signature lines alone belong to; the newest checkpoint of the ledger unless said. */
  readonly checkpoint?: Uint8Array;
  readonly clock: Clock;
}

export interface ImportedCosignatures {
  /** Lines that the witnesses have seen. */
  readonly size: number;
  readonly witnesses: readonly { readonly witness: string; readonly timestampSeconds: number }[];
}

const lockWaitSeconds = 30;

/**
 * Keeps the cosignatures of witnesses beside a ledger, in `<ledger>.cosigned`, once the checkpoint is signed by the ledger's key,
 * the lines are those under it, and each cosignature holds. Throws LEDGER_INVALID when one of these does not, KEY_INVALID,
 * and what opening and locking a ledger throws.
 */
export async function importCosignatures(path: string, request: CosignatureImport): Promise<ImportedCosignatures> {
  const witnesses = request.witnesses.map(parseWitnessKey);
  if (witnesses.length === 0) throw new CarbonOpsError("KEY_INVALID", "No witness was named; give the vkey of one.");
  const note = await wholeNote(path, request);
  const checkpoint = await checkedCheckpoint(path, note, witnesses);
  await assertCovered(path, checkpoint);
  const paths = ledgerPaths(path);
  // A complete segment has no lock of its own: a writer that seals it moves these files under the ledger's.
  const { lock: lockPath } = ledgerPaths(ledgerOfSealed(path) ?? path);
  const lock = await acquireLock(lockPath, lockWaitSeconds, request.clock);
  try {
    const kept = merged(await readCosigned(paths), keptLines(note, checkpoint));
    const temporaryPath = `${paths.cosigned}.tmp`;
    await writeTemporaryFile(temporaryPath, [Buffer.from(kept.map((each) => `${each}\n`).join(""))], 0o644);
    await moveIntoPlace(temporaryPath, paths.cosigned);
  } finally {
    await lock.release();
  }
  const seen = checkpoint.cosignatures.map(({ key, timestampSeconds }) => {
    return { witness: key.vkey, timestampSeconds: timestampSeconds ?? 0 };
  });
  return { size: checkpoint.size, witnesses: seen };
}

async function wholeNote(path: string, { note, checkpoint }: CosignatureImport): Promise<Buffer> {
  const bytes = Buffer.from(note);
  if (!bytes.toString("utf8").startsWith("— ")) return bytes;
  const base = checkpoint === undefined ? (await currentCheckpoint(path)).note : Buffer.from(checkpoint);
  return Buffer.concat([base, bytes]);
}

async function checkedCheckpoint(
  path: string,
  note: Buffer,
  witnesses: readonly VerifierKey[],
): Promise<SignedCheckpoint> {
  const { verifierKey, ledgerId } = await readGenesis(path);
  const opened = openCheckpoint(note, [verifierKey, ...witnesses]);
  if (!opened.ok) throw refused(opened.reason);
  const { checkpoint } = opened;
  if (checkpoint.origin !== originOf(ledgerId)) throw refused(`it is about another ledger, ${checkpoint.origin}`);
  if (checkpoint.cosignatures.length === 0)
    throw refused("none of the witnesses whose keys were given has cosigned it");
  return checkpoint;
}

/** Throws LEDGER_INVALID when the lines of the ledger are not those that were signed. */
async function assertCovered(path: string, checkpoint: SignedCheckpoint): Promise<void> {
  const handle = await openLedgerFile(path, "read");
  try {
    await openLedgerTree(handle, { path, checkpoint, seqs: [] });
  } finally {
    await handle.close();
  }
}

interface KeptNote {
  readonly text: string;
  readonly size: number;
  /** Signature lines of the author and of witnesses. */
  readonly lines: readonly string[];
}

/** The note without signatures that nobody here has verified. */
function keptLines(note: Buffer, { signedBy, cosignatures, size }: SignedCheckpoint): KeptNote {
  const parsed = partsOf(note);
  const keys = [signedBy, ...cosignatures.map(({ key }) => key)];
  const lines = parsed.lines.filter((line) => {
    const [, name, encoded = ""] = line.split(" ");
    const keyId = Buffer.from(encoded, "base64").toString("hex", 0, 4);
    return keys.some((key) => key.name === name && key.keyId === keyId);
  });
  return { text: parsed.text, size, lines };
}

/** All notes, in order of size; those over the same lines become one. */
function merged(earlier: readonly Buffer[], added: KeptNote): readonly string[] {
  const notes = new Map<string, KeptNote>();
  const all = [...earlier.map((note) => ({ ...partsOf(note), size: sizeOf(note) })), added];
  for (const { text, size, lines } of all) {
    // The newest cosignature of a witness comes first, and it alone counts.
    const known = notes.get(text)?.lines.filter((line) => !lines.some((other) => signerOf(other) === signerOf(line)));
    const [author = "", ...others] = lines;
    notes.set(text, { text, size, lines: [author, ...others, ...(known ?? [])] });
  }
  return [...notes.values()]
    .sort((left, right) => left.size - right.size)
    .map(({ text, lines }) => `${text}\n${lines.join("\n")}\n`);
}

function partsOf(note: Buffer): { readonly text: string; readonly lines: readonly string[] } {
  const parsed = parseNote(note);
  if (typeof parsed === "string") throw refused(parsed);
  return {
    text: parsed.text,
    lines: note
      .toString("utf8")
      .slice(parsed.text.length + 1, -1)
      .split("\n"),
  };
}

function sizeOf(note: Buffer): number {
  return parseCheckpoint(partsOf(note).text)?.size ?? 0;
}

/** Name and key id, which are those of the key. */
function signerOf(line: string): string {
  const [, name = "", encoded = ""] = line.split(" ");
  return `${name} ${Buffer.from(encoded, "base64").toString("hex", 0, 4)}`;
}

function refused(reason: string): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `The cosigned checkpoint was not kept, because ${reason}; ask the witness for another, or give its right key.`,
  );
}
