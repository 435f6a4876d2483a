import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type OpenedCheckpoint, openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { readLatestNote } from "./checkpoint-files.ts";
import { readCosigned } from "./checkpoint-history.ts";
import type { DueCheckpoints } from "./inspect.ts";
import { type LedgerPaths, ledgerPaths } from "./ledger-files.ts";
import { type OpenedItem, openHistory } from "./opened-history.ts";
import { type Genesis, originOf } from "./own-records.ts";
import { beginsNote } from "./torn-note.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** What is wrong with a checkpoint, as opposed to the ledger. */
export interface CheckpointProblem {
  /** Name of the checkpoint's file, or "the given checkpoint". */
  readonly file: string;
  readonly reason: string;
}

export interface GivenNote {
  readonly name: string;
  readonly note: Buffer;
}

/** A checkpoint and the note that it was read from. */
interface FoundCheckpoint extends SignedCheckpoint {
  readonly note: Buffer;
}

/** The largest checkpoint that a witness has cosigned. */
export interface WitnessedCheckpoint {
  readonly key: VerifierKey;
  readonly size: number;
  /** When the witness saw it, in POSIX seconds. */
  readonly timestampSeconds: number;
}

/** The notes that were found before the ledger itself was read: the ledger may grow meanwhile, but not behind them. */
export interface NoteSources {
  readonly paths: LedgerPaths | null;
  readonly latest: Buffer | null;
  /** Checkpoints that witnesses have cosigned. */
  readonly cosigned: readonly Buffer[];
  /** What the verifier brought along, each with the name that it goes by. */
  readonly given: readonly GivenNote[];
}

/** How long a writer may take from a line to its checkpoint, before its lines are called unsigned. */
const signingPatienceMs = 1000;
const pollMs = 50;

export const givenCheckpointName = "the given checkpoint";

export const rememberedCheckpointName = "the remembered state";

export async function findNotes(path: string | null, given: readonly GivenNote[]): Promise<NoteSources> {
  const paths = path === null ? null : ledgerPaths(path);
  if (paths === null) return { paths, latest: null, cosigned: [], given };
  return { paths, latest: await readLatestNote(paths), cosigned: await readCosigned(paths), given };
}

/**
 * The checkpoints of a ledger that its key has signed, in order of size: those of the history as they come, the latest one
 * and the one that was brought along where they belong. Those that do not hold are set apart with the reason.
 */
export class Evidence implements DueCheckpoints {
  readonly #paths: LedgerPaths | null;
  #history: AsyncGenerator<OpenedItem, void, undefined> | null;
  #historyBytes = 0;
  #latest: Buffer | null = null;
  readonly #keys: readonly VerifierKey[];
  readonly #origin: string;
  #single: FoundCheckpoint[] = [];
  #historical: FoundCheckpoint | null = null;
  #lastHistorySize = 0;
  #historyCount = 0;
  #historyTorn = false;
  #ownCount = 0;
  #givenSize = 0;
  #proven: FoundCheckpoint | null = null;
  readonly #witnessed = new Map<VerifierKey, WitnessedCheckpoint>();
  readonly #faulty: CheckpointProblem[] = [];
  readonly #foreign: { readonly file: string; readonly origin: string }[] = [];

  static async gather(sources: NoteSources, keys: readonly VerifierKey[], genesis: Genesis): Promise<Evidence> {
    const evidence = new Evidence(sources.paths, keys, originOf(genesis.ledgerId));
    evidence.#addLatest(sources.latest);
    for (const note of sources.cosigned) evidence.#addSingle(basename(sources.paths?.cosigned ?? ""), note);
    for (const { name, note } of sources.given) {
      evidence.#givenSize = Math.max(evidence.#givenSize, evidence.#addSingle(name, note));
    }
    evidence.#single.sort((left, right) => left.size - right.size);
    await evidence.#readHistory();
    return evidence;
  }

  private constructor(paths: LedgerPaths | null, keys: readonly VerifierKey[], origin: string) {
    this.#paths = paths;
    this.#history = paths === null ? null : openHistory(paths, keys);
    this.#keys = keys;
    this.#origin = origin;
  }

  /** Checkpoints of the history that were signed and in order. */
  get historyCount(): number {
    return this.#historyCount;
  }

  /** Whether the history ends in the middle of a checkpoint, as a crash leaves it. */
  get historyTorn(): boolean {
    return this.#historyTorn;
  }

  /** Whether any checkpoint of this ledger is signed by one of the keys. */
  get isSigned(): boolean {
    return this.#ownCount > 0;
  }

  /** Lines that the checkpoints that were brought along cover. */
  get givenSize(): number {
    return this.#givenSize;
  }

  /** Who signed the largest checkpoint that was found to hold. */
  get provenBy(): VerifierKey | null {
    return this.#proven?.signedBy ?? null;
  }

  /** The note of the largest checkpoint that was found to hold. */
  get provenNote(): Buffer | null {
    return this.#proven?.note ?? null;
  }

  /** For each witness, the largest checkpoint that holds and that it has cosigned. */
  get witnessed(): readonly WitnessedCheckpoint[] {
    return [...this.#witnessed.values()];
  }

  /**
   * Another ledger's name, when that is what all of several signed checkpoints say: then it is the ledger's first line that
   * differs, and not they.
   */
  get foreignOrigin(): string | null {
    const [first, ...others] = this.#foreign;
    if (first === undefined || this.#ownCount > 0 || others.length === 0) return null;
    return others.every(({ origin }) => origin === first.origin) ? first.origin : null;
  }

  get problems(): readonly CheckpointProblem[] {
    if (this.foreignOrigin !== null) return this.#faulty;
    const foreign = this.#foreign.map(({ file, origin }) => ({ file, reason: foreignReason(file, origin) }));
    return [...this.#faulty, ...foreign];
  }

  async advance(): Promise<void> {
    const checkpoint = this.peek();
    if (checkpoint !== null) this.#hold(checkpoint);
    if (checkpoint === this.#historical) await this.#readHistory();
    else this.#single.shift();
  }

  /**
   * Waits for checkpoints that a writer at work has signed since the files were read; when there are none after a while,
   * nobody is writing.
   */
  async awaitNewer(): Promise<void> {
    if (this.#paths === null || this.problems.length > 0) return;
    for (let waitedMs = 0; waitedMs <= signingPatienceMs; waitedMs += pollMs) {
      if (waitedMs > 0) await sleep(pollMs);
      this.#addLatest(await readLatestNote(this.#paths));
      this.#history = openHistory(this.#paths, this.#keys, this.#historyBytes);
      await this.#readHistory();
      if (this.peek() !== null || this.problems.length > 0) return;
    }
  }

  /** Closes the history, however far it was read. */
  async close(): Promise<void> {
    await this.#history?.return();
  }

  peek(): FoundCheckpoint | null {
    const [single] = this.#single;
    const historical = this.#historical;
    if (single === undefined) return historical;
    return historical === null || single.size < historical.size ? single : historical;
  }

  #hold(checkpoint: FoundCheckpoint): void {
    const { size, root, cosignatures } = checkpoint;
    const held = this.#proven;
    // One that comes too late has not been compared with the tree.
    if (held !== null && (size < held.size || (size === held.size && !root.equals(held.root)))) return;
    const isRicher = held === null || size > held.size || cosignatures.length > held.cosignatures.length;
    if (isRicher) this.#proven = checkpoint;
    for (const { key, timestampSeconds } of cosignatures) {
      if (timestampSeconds !== null) this.#witnessed.set(key, { key, size, timestampSeconds });
    }
  }

  #addLatest(note: Buffer | null): void {
    if (note === null || this.#paths === null || this.#latest?.equals(note) === true) return;
    this.#latest = note;
    this.#addSingle(basename(this.#paths.checkpoint), note);
  }

  #addSingle(file: string, note: Buffer): number {
    const checkpoint = this.#checkpoint(file, note, openCheckpoint(note, this.#keys));
    if (checkpoint === null) return 0;
    this.#single.push(checkpoint);
    return checkpoint.size;
  }

  /** Goes to the next checkpoint of the history. After one that does not hold, no more of it is read. */
  async #readHistory(): Promise<void> {
    this.#historical = null;
    this.#historyTorn = false;
    const item = await this.#history?.next();
    if (item === undefined || item.done === true || this.#paths === null) return;
    const file = basename(this.#paths.history);
    if ("torn" in item.value) return this.#addTorn(file, item.value.torn);
    const checkpoint = this.#checkpoint(file, item.value.note, item.value.opened);
    if (checkpoint === null) return await this.close();
    this.#historyBytes = item.value.end;
    if (checkpoint.size < this.#lastHistorySize) {
      this.#faulty.push({ file, reason: "its checkpoints are not in order of size" });
      return await this.close();
    }
    this.#lastHistorySize = checkpoint.size;
    this.#historyCount += 1;
    this.#historical = checkpoint;
  }

  #addTorn(file: string, torn: Buffer): void {
    if (this.#keys.some((key) => beginsNote(torn, key, this.#origin))) this.#historyTorn = true;
    else this.#faulty.push({ file, reason: "it ends in bytes that are no checkpoint" });
  }

  #checkpoint(file: string, note: Buffer, opened: OpenedCheckpoint): FoundCheckpoint | null {
    if (!opened.ok) {
      this.#faulty.push({ file, reason: opened.reason });
      return null;
    }
    const { checkpoint } = opened;
    if (checkpoint.origin !== this.#origin) {
      this.#foreign.push({ file, origin: checkpoint.origin });
      return null;
    }
    this.#ownCount += 1;
    return { ...checkpoint, note };
  }
}

/** Segments of one ledger are logs of their own: a kept checkpoint of one that is gone cannot be told from a foreign one. */
function foreignReason(file: string, origin: string): string {
  if (file !== givenCheckpointName && file !== rememberedCheckpointName)
    return `it belongs to another ledger (${origin})`;
  return `the ledger's key signed it for ${origin}, which is no segment of this ledger: the ledger was rolled back to before that segment began, or the checkpoint is another ledger's`;
}
