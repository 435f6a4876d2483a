import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, isoFromWallMs, systemClock } from "../clock.ts";
import { CarbonOpsError, systemErrorCode } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";
import type { JsonObject } from "./canonical-json.ts";
import { isDiskRefusal, writeFailure } from "./disk-refusal.ts";
import { createFile } from "./durable-file.ts";
import { assertAbsent, directoryError, type LedgerPaths, ledgerPaths, openLedgerFile } from "./ledger-files.ts";
import { formatLine, noPreviousHash, recordText } from "./line.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { genesisRecord, reservedKinds } from "./own-records.ts";
import type { Signer } from "./signing-key.ts";
import { verifierKeyFor } from "./verifier-key.ts";
import { type AppendedLine, LedgerWriter } from "./writer.ts";

export interface LedgerOptions {
  /** Signs a checkpoint at every flush. It must be the key that the ledger's first line names. */
  readonly signer: Signer;
  readonly clock?: Clock;
  /** How long to wait for other writers, in seconds; 30 unless said otherwise. */
  readonly lockWaitSeconds?: number;
}

interface QueuedRecord {
  readonly text: string;
  resolve(line: AppendedLine): void;
  reject(error: unknown): void;
}

const defaultLockWaitSeconds = 30;
/** Records written with one sync. */
const maximumBatchRecords = 4096;
const maximumBatchBytes = 8 << 20;
/** A writer with a full queue lets others have their turn after this time. */
const maximumHoldSeconds = 0.2;

/**
 * An append-only file of records that stands up to crashes, other writers and doubt. A record whose `append` has resolved is
 * on the disk, in the chain, and covered by a signed checkpoint.
 */
export class Ledger implements AsyncDisposable {
  readonly #paths: LedgerPaths;
  readonly #handle: FileHandle;
  readonly #writer: LedgerWriter;
  readonly #clock: Clock;
  readonly #lockWaitSeconds: number;
  readonly #queue: QueuedRecord[] = [];
  #draining: Promise<void> | null = null;
  #closed = false;

  /**
   * Creates a ledger with its genesis record and first checkpoint. Throws LEDGER_EXISTS where any file already is,
   * LEDGER_UNWRITABLE, and whatever `open` throws.
   */
  static async create(path: string, options: LedgerOptions): Promise<Ledger> {
    const clock = options.clock ?? systemClock;
    const { vkey } = verifierKeyFor(options.signer.name, options.signer.publicKey);
    const record = recordText(genesisRecord(randomUUID(), isoFromWallMs(clock.wallMs()), vkey));
    await assertAbsent(path);
    try {
      await createFile(path, Buffer.from(`${formatLine(noPreviousHash, record, 0)}\n`), 0o644);
    } catch (error) {
      if (systemErrorCode(error) === "EEXIST") await assertAbsent(path);
      throw isDiskRefusal(error) ? writeFailure(path, error) : directoryError(dirname(path), error);
    }
    return await Ledger.open(path, options);
  }

  /**
   * Opens a ledger for appending: checks chain, tree and newest checkpoint, and mends what a crash left behind. Throws
   * LEDGER_NOT_FOUND, LEDGER_NOT_A_FILE, LEDGER_UNREADABLE, LEDGER_UNWRITABLE, LEDGER_INVALID when it was altered,
   * KEY_INVALID when another key signs it, LEDGER_LOCKED, LEDGER_LOCK_UNAVAILABLE, LEDGER_WRITE_FAILED.
   */
  static async open(path: string, options: LedgerOptions): Promise<Ledger> {
    const handle = await openLedgerFile(path, "write");
    const ledger = new Ledger(ledgerPaths(path), handle, options);
    try {
      await ledger.#settle();
    } catch (error) {
      await handle.close();
      throw error;
    }
    return ledger;
  }

  /** Opens the ledger, or creates it where there is no file yet. */
  static async openOrCreate(path: string, options: LedgerOptions): Promise<Ledger> {
    try {
      return await Ledger.open(path, options);
    } catch (error) {
      if (!(error instanceof CarbonOpsError) || error.code !== "LEDGER_NOT_FOUND") throw error;
    }
    try {
      return await Ledger.create(path, options);
    } catch (error) {
      // Somebody else created it in between.
      if (error instanceof CarbonOpsError && error.code === "LEDGER_EXISTS") return await Ledger.open(path, options);
      throw error;
    }
  }

  private constructor(paths: LedgerPaths, handle: FileHandle, options: LedgerOptions) {
    this.#paths = paths;
    this.#handle = handle;
    this.#clock = options.clock ?? systemClock;
    this.#writer = new LedgerWriter(paths, handle, options.signer, this.#clock);
    this.#lockWaitSeconds = options.lockWaitSeconds ?? defaultLockWaitSeconds;
  }

  /** Random UUID of this ledger, from its genesis record. */
  get ledgerId(): string | null {
    return this.#writer.ledgerId;
  }

  /**
   * Appends a record: an object with a string `kind`. Resolves when it is durable and signed; records that are appended at
   * the same time share one sync and one checkpoint.
   *
   * Throws RECORD_INVALID for this record alone. LEDGER_WRITE_FAILED, LEDGER_LOCKED, LEDGER_LOCK_UNAVAILABLE: nothing was
   * written, try again. LEDGER_REPLACED, LEDGER_INVALID: the file is not what it was. LEDGER_POISONED: open it again.
   */
  async append(record: JsonObject): Promise<AppendedLine> {
    const text = recordText(record);
    const { kind } = record;
    if (typeof kind === "string" && reservedKinds.includes(kind)) {
      throw new CarbonOpsError(
        "RECORD_INVALID",
        `The kind "${kind}" is reserved for the ledger itself; give the record another kind.`,
      );
    }
    if (this.#closed)
      throw new CarbonOpsError("INPUT_INVALID", "The ledger was closed; open it again before appending.");
    if (this.#writer.poison !== null) throw this.#writer.poison;
    return await new Promise<AppendedLine>((resolve, reject) => {
      this.#queue.push({ text, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Waits for what is being appended and closes the file. Safe to call twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#draining;
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Brings the file in order before anybody appends. */
  async #settle(): Promise<void> {
    const lock = await this.#lock();
    try {
      await this.#writer.commit([]);
    } finally {
      await lock.release();
    }
  }

  async #lock(): Promise<Lock> {
    return await acquireLock(this.#paths.lock, this.#lockWaitSeconds, this.#clock);
  }

  /** Writes what is queued, batch by batch, under the lock. It never rejects: every outcome goes to its callers. */
  async #drain(): Promise<void> {
    // Callers of this same turn of the event loop belong into the first batch.
    await nextTurn();
    while (this.#queue.length > 0) {
      try {
        await this.#drainUnderLock();
      } catch (error) {
        for (const queued of this.#queue.splice(0)) queued.reject(error);
      }
    }
    // In the same turn as the last look at the queue, so that no record is queued behind a drain that has ended.
    this.#draining = null;
  }

  async #drainUnderLock(): Promise<void> {
    const lock = await this.#lock();
    try {
      const lockedNs = this.#clock.monotonicNs();
      do {
        await this.#commitNextBatch();
        await nextTurn();
      } while (this.#queue.length > 0 && secondsSince(this.#clock, lockedNs) < maximumHoldSeconds);
    } finally {
      await lock.release();
    }
  }

  async #commitNextBatch(): Promise<void> {
    const batch = this.#takeBatch();
    try {
      const lines = await this.#writer.commit(batch.map(({ text }) => text));
      for (const [index, queued] of batch.entries()) {
        const line = lines[index];
        if (line === undefined) queued.reject(new CarbonOpsError("INTERNAL", "A record was written without a number."));
        else queued.resolve(line);
      }
    } catch (error) {
      for (const queued of batch) queued.reject(error);
    }
  }

  #takeBatch(): QueuedRecord[] {
    let bytes = 0;
    const tooMany = this.#queue.findIndex(({ text }, index) => {
      bytes += text.length;
      return index > 0 && (bytes > maximumBatchBytes || index >= maximumBatchRecords);
    });
    return this.#queue.splice(0, tooMany === -1 ? this.#queue.length : tooMany);
  }
}

function secondsSince(clock: Clock, startNs: bigint): number {
  return secondsFromNanoseconds(clock.monotonicNs() - startNs);
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
