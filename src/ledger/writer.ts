import { randomUUID } from "node:crypto";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { type AppendedLine, Batch, type PendingRecord } from "./batch.ts";
import type { Chain } from "./chain.ts";
import { type Checkpoint, signCheckpoint } from "./checkpoint.ts";
import { replaceLatestCheckpoint } from "./checkpoint-files.ts";
import { notSealed, staleCheckpoint, writeFailure } from "./disk-refusal.ts";
import { appendFully, cutFile } from "./durable-file.ts";
import { forgetFrontier, writeFrontier } from "./frontier-file.ts";
import { HistoryFile, PublishedError } from "./history-file.ts";
import { signKeyRotation } from "./key-rotation.ts";
import { KnownIds } from "./known-ids.ts";
import type { LedgerPaths } from "./ledger-files.ts";
import { LedgerView } from "./ledger-view.ts";
import { formatLine, noPreviousHash, recordText } from "./line.ts";
import { segmentGenesisRecord } from "./own-records.ts";
import { rotateFiles } from "./segments.ts";
import type { Signer } from "./signing-key.ts";
import { verifierKeyFor } from "./verifier-key.ts";

/** When an append returns: when its line is on the disk, or when the operating system has it. */
export type Durability = "disk" | "os";

export interface WriterOptions {
  readonly signer: Signer;
  readonly clock: Clock;
  readonly durability: Durability;
  /** A key that the signer follows: its signature stands beside the signer's for a while. */
  readonly formerSigner?: Signer | undefined;
}

/** Writes a ledger's lines and their checkpoints. Every method but `open` and `close` expects the caller to hold the lock. */
export class LedgerWriter {
  readonly #paths: LedgerPaths;
  readonly #view: LedgerView;
  readonly #history: HistoryFile;
  readonly #options: WriterOptions;
  #newestNote: Buffer | null = null;
  #ids: KnownIds | null = null;
  #poison: CarbonOpsError | null = null;

  static async open(paths: LedgerPaths, options: WriterOptions): Promise<LedgerWriter> {
    const { signer, clock } = options;
    const view = await LedgerView.open(paths, verifierKeyFor(signer.name, signer.publicKey), clock);
    return new LedgerWriter(paths, view, options);
  }

  private constructor(paths: LedgerPaths, view: LedgerView, options: WriterOptions) {
    this.#paths = paths;
    this.#view = view;
    this.#options = options;
    this.#history = new HistoryFile(paths.history);
  }

  get ledgerId(): string | null {
    return this.#view.genesis?.ledgerId ?? null;
  }

  /** Bytes of all lines of the segment. */
  get byteLength(): number {
    return this.#view.chain.byteLength;
  }

  /** Why nothing can be written any more, or null. */
  get poison(): CarbonOpsError | null {
    return this.#poison;
  }

  /** Whether another process has written since this was last asked. */
  takeOthersWrote(): boolean {
    return this.#view.takeOthersWrote();
  }

  /** The lock has just been taken. */
  beginHold(): void {
    this.#view.beginHold();
  }

  async close(): Promise<void> {
    await this.#history.close();
    await this.#view.close();
  }

  /**
   * Writes records, each of which has an outcome of its own. In this order: catch up with the files; write; sync, and sign
   * meanwhile; add the checkpoint to the history. No checkpoint can be seen before the lines under it are on the disk. A crash
   * before the last step leaves lines that nobody was told about: they stay if they are whole, and the next writer signs them
   * and says so. A crash behind it loses nothing.
   *
   * With durability "os" the last two steps are left to `settle`.
   */
  async commit(records: readonly PendingRecord[]): Promise<(AppendedLine | CarbonOpsError)[]> {
    if (this.#poison !== null) throw this.#poison;
    const repairs = await this.#catchUp(records.some(({ id }) => id !== null));
    this.#view.beginChange();
    const batch = new Batch(this.#view.chain.copy(), this.#segment, this.#ids);
    for (const text of repairs) batch.add({ text, id: null });
    const outcomes = records.map((record) => batch.add(record));
    await this.#write(batch.bytes);
    if (this.#options.durability === "disk" || repairs.length > 0) await this.#syncAndSign(batch.chain);
    batch.remember();
    this.#ids?.advance(this.#segment, this.byteLength, batch.chain.byteLength);
    this.#view.advance(batch.chain);
    return outcomes;
  }

  /**
   * Leaves the files as the next writer wants to find them, before the lock is given away: every line signed, the newest
   * checkpoint in its own file, and a note of where to go on. Throws LEDGER_CHECKPOINT_STALE when the records are safe and
   * only that failed, LEDGER_POISONED.
   */
  async settle(): Promise<void> {
    if (this.#poison !== null) throw this.#poison;
    const view = this.#view;
    try {
      if (view.signedSize < view.chain.size) await this.#syncAndSign(view.chain);
    } catch (error) {
      throw this.#poison ?? staleCheckpoint(this.#paths.history, error);
    }
    try {
      await this.#history.sync();
    } catch (error) {
      throw this.#poisoned(`the disk failed to sync its checkpoints (${messageOf(error)})`, error);
    }
    try {
      if (view.latestSize < view.signedSize) {
        await replaceLatestCheckpoint(this.#paths, this.#newestNote ?? (await view.newestNote()));
        view.advanceLatest();
      }
    } catch (error) {
      throw staleCheckpoint(this.#paths.checkpoint, error);
    }
    const frontier = view.frontier();
    if (frontier === null) await forgetFrontier(this.#paths.frontier);
    else await writeFrontier(this.#paths.frontier, frontier);
  }

  /** Seals the segment, and begins the next one in its place. */
  async rotate(): Promise<void> {
    if (!(await this.#beginSegment(null))) return;
    await this.commit([]);
    await this.settle();
  }

  /** The same, but another key signs the next segment: whoever has it opens the ledger then. */
  async rotateKey(next: Signer): Promise<void> {
    await this.#beginSegment(next);
  }

  async #beginSegment(next: Signer | null): Promise<boolean> {
    // Of whatever happened meanwhile, and with the last checkpoint over all of it.
    await this.commit([]);
    await this.settle();
    const { genesis, chain, origin } = this.#view;
    if (genesis === null || (chain.size < 2 && next === null)) return false;
    const { signer, clock } = this.#options;
    const keyRotations = [...genesis.keyRotations];
    if (next !== null) {
      keyRotations.push(await signKeyRotation({ origin, size: chain.size, root: chain.root() }, signer, next));
    }
    const { name, publicKey } = next ?? signer;
    const { vkey } = verifierKeyFor(name, publicKey);
    const previous = { origin, size: chain.size, root: chain.root().toString("hex"), lastHash: chain.lastHash };
    const createdAt = isoFromWallMs(clock.wallMs());
    const record = segmentGenesisRecord(randomUUID(), createdAt, vkey, genesis.segment + 1, previous, keyRotations);
    const firstLine = Buffer.from(`${formatLine(noPreviousHash, recordText(record), 0)}\n`);
    try {
      await rotateFiles(this.#paths, genesis.segment, firstLine);
    } catch (error) {
      throw error instanceof CarbonOpsError ? error : notSealed(this.#paths.ledger, error);
    }
    this.#ids?.sealed(genesis.segment, chain.byteLength);
    return true;
  }

  get #segment(): number {
    return this.#view.genesis?.segment ?? 1;
  }

  async #catchUp(needsIds: boolean): Promise<readonly string[]> {
    try {
      const knownHistory = this.#view.history;
      const repairs = await this.#view.catchUp();
      // Others have added to it, or put another in its place.
      if (this.#view.history !== knownHistory) {
        this.#newestNote = null;
        await this.#history.close();
      }
      if (needsIds) {
        this.#ids ??= new KnownIds(this.#paths.ledger);
        await this.#ids.learn(this.#view.handle, this.#segment, this.byteLength);
      }
      return repairs.map(recordText);
    } catch (error) {
      throw error instanceof CarbonOpsError ? error : writeFailure(this.#paths.ledger, error);
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    try {
      await appendFully(this.#view.handle, bytes);
    } catch (error) {
      throw await this.#takenBack(writeFailure(this.#paths.ledger, error));
    }
  }

  /** The signature is made while the disk is at work, and is seen by nobody before the lines under it are on the disk. */
  async #syncAndSign(chain: Chain): Promise<void> {
    if (chain.size === this.#view.signedSize) return;
    const newest: Checkpoint = { origin: this.#view.origin, size: chain.size, root: chain.root() };
    const syncing = this.#view.handle.datasync();
    const { signer, formerSigner } = this.#options;
    const signing = signCheckpoint(newest, signer, ...(formerSigner === undefined ? [] : [formerSigner]));
    const [synced, signed] = await Promise.allSettled([syncing, signing]);
    if (synced.status === "rejected") {
      // The kernel reports a failed sync once and then takes the pages for clean: nothing after it can be trusted.
      throw this.#poisoned(`the disk failed to sync it (${messageOf(synced.reason)})`, synced.reason);
    }
    if (signed.status === "rejected") throw await this.#unsigned(signed.reason);
    await this.#publish(newest, Buffer.from(signed.value));
  }

  async #publish(newest: Checkpoint, note: Buffer): Promise<void> {
    const newestStart = this.#view.history.byteLength;
    const byteLength = newestStart + note.length + 1;
    try {
      await this.#history.append(Buffer.concat([note, Buffer.from("\n")]), newestStart);
    } catch (error) {
      if (error instanceof PublishedError) throw this.#poisoned(`its checkpoint failed (${error.message})`, error);
      throw await this.#unsigned(error);
    }
    this.#newestNote = note;
    const identity = this.#history.identity();
    this.#view.advanceHistory(newest.size, { byteLength, newest, newestStart, torn: false }, identity);
  }

  /** Lines that cannot be signed: those that nobody was told of are taken back. */
  async #unsigned(error: unknown): Promise<CarbonOpsError> {
    return await this.#takenBack(writeFailure(this.#paths.history, error));
  }

  /** Cuts off what the failed batch has written; nobody was told of it and no checkpoint covers it. */
  async #takenBack(failure: CarbonOpsError): Promise<CarbonOpsError> {
    try {
      await cutFile(this.#view.handle, this.#view.chain.byteLength);
      return failure;
    } catch (error) {
      return this.#poisoned(`a failed write could not be taken back (${messageOf(error)})`, failure);
    }
  }

  #poisoned(why: string, cause: unknown): CarbonOpsError {
    this.#poison = new CarbonOpsError(
      "LEDGER_POISONED",
      `${this.#paths.ledger} cannot be trusted in this process any more, because ${why}; open it again, and look whether the last record is there before repeating it.`,
      { cause },
    );
    return this.#poison;
  }
}
