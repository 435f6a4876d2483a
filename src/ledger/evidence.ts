import { basename } from "node:path";
import { openCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { type HistoryItem, readHistory, readLatestNote } from "./checkpoint-files.ts";
import type { DueCheckpoints } from "./inspect.ts";
import { type LedgerPaths, ledgerPaths } from "./ledger-files.ts";
import { type Genesis, originOf } from "./own-records.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** What is wrong with a checkpoint, as opposed to the ledger. */
export interface CheckpointProblem {
  /** Name of the checkpoint's file, or "the given checkpoint". */
  readonly file: string;
  readonly reason: string;
}

/** The notes that were found before the ledger itself was read: the ledger may grow meanwhile, but not behind them. */
export interface NoteSources {
  readonly paths: LedgerPaths | null;
  readonly latest: Buffer | null;
  /** What the verifier brought along. */
  readonly given: Buffer | null;
}

export const givenCheckpointName = "the given checkpoint";

export async function findNotes(path: string | null, given: Buffer | null): Promise<NoteSources> {
  const paths = path === null ? null : ledgerPaths(path);
  return { paths, latest: paths === null ? null : await readLatestNote(paths), given };
}

/**
 * The checkpoints of a ledger that its key has signed, in order of size: those of the history as they come, the latest one
 * and the one that was brought along where they belong. Those that do not hold are set apart with the reason.
 */
export class Evidence implements DueCheckpoints {
  readonly #history: AsyncGenerator<HistoryItem, void, undefined> | null;
  readonly #historyName: string;
  readonly #keys: readonly VerifierKey[];
  readonly #origin: string;
  #single: SignedCheckpoint[] = [];
  #historical: SignedCheckpoint | null = null;
  #lastHistorySize = 0;
  #historyCount = 0;
  #historyTorn = false;
  #ownCount = 0;
  #givenSize = 0;
  #provenBy: VerifierKey | null = null;
  readonly #faulty: CheckpointProblem[] = [];
  readonly #foreign: { readonly file: string; readonly origin: string }[] = [];

  static async gather(sources: NoteSources, keys: readonly VerifierKey[], genesis: Genesis): Promise<Evidence> {
    const evidence = new Evidence(sources.paths, keys, originOf(genesis.ledgerId));
    if (sources.latest !== null && sources.paths !== null) {
      evidence.#addSingle(basename(sources.paths.checkpoint), sources.latest);
    }
    if (sources.given !== null) evidence.#givenSize = evidence.#addSingle(givenCheckpointName, sources.given);
    evidence.#single.sort((left, right) => left.size - right.size);
    await evidence.#readHistory();
    return evidence;
  }

  private constructor(paths: LedgerPaths | null, keys: readonly VerifierKey[], origin: string) {
    this.#history = paths === null ? null : readHistory(paths);
    this.#historyName = paths === null ? "" : basename(paths.history);
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

  /** Lines that the checkpoint that was brought along covers. */
  get givenSize(): number {
    return this.#givenSize;
  }

  /** Who signed the largest checkpoint that was found to hold. */
  get provenBy(): VerifierKey | null {
    return this.#provenBy;
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
    const foreign = this.#foreign.map(({ file, origin }) => ({
      file,
      reason: `it belongs to another ledger (${origin})`,
    }));
    return [...this.#faulty, ...foreign];
  }

  async advance(): Promise<void> {
    const checkpoint = this.peek();
    this.#provenBy = checkpoint?.signedBy ?? null;
    if (checkpoint === this.#historical) await this.#readHistory();
    else this.#single.shift();
  }

  /** Closes the history, however far it was read. */
  async close(): Promise<void> {
    await this.#history?.return();
  }

  peek(): SignedCheckpoint | null {
    const [single] = this.#single;
    const historical = this.#historical;
    if (single === undefined) return historical;
    return historical === null || single.size < historical.size ? single : historical;
  }

  #addSingle(file: string, note: Buffer): number {
    const checkpoint = this.#checkpoint(file, note);
    if (checkpoint === null) return 0;
    this.#single.push(checkpoint);
    return checkpoint.size;
  }

  /** Goes to the next checkpoint of the history. After one that does not hold, no more of it is read. */
  async #readHistory(): Promise<void> {
    this.#historical = null;
    const item = await this.#history?.next();
    if (item === undefined || item.done === true) return;
    if ("torn" in item.value) {
      this.#historyTorn = true;
      return;
    }
    const checkpoint = this.#checkpoint(this.#historyName, item.value.note);
    if (checkpoint === null) return await this.close();
    if (checkpoint.size < this.#lastHistorySize) {
      this.#faulty.push({ file: this.#historyName, reason: "its checkpoints are not in order of size" });
      return await this.close();
    }
    this.#lastHistorySize = checkpoint.size;
    this.#historyCount += 1;
    this.#historical = checkpoint;
  }

  #checkpoint(file: string, note: Buffer): SignedCheckpoint | null {
    const opened = openCheckpoint(note, this.#keys);
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
    return checkpoint;
  }
}
