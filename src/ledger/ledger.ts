import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Clock, isoFromWallMs, systemClock } from "../clock.ts";
import { CarbonOpsError, systemErrorCode } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";
import { withId } from "./append-ids.ts";
import type { AppendedLine, PendingRecord } from "./batch.ts";
import type { JsonObject } from "./canonical-json.ts";
import { assertCreatable } from "./creatable.ts";
import { isDiskRefusal, notOpened, writeFailure } from "./disk-refusal.ts";
import { createFile } from "./durable-file.ts";
import { identityAt } from "./file-identity.ts";
import { assertAbsent, directoryClosed, directoryError, type LedgerPaths, ledgerPaths } from "./ledger-files.ts";
import { formatLine, noPreviousHash, recordText } from "./line.ts";
import { acquireLock } from "./lock.ts";
import { genesisRecord, reservedKinds } from "./own-records.ts";
import { ledgerOfSealed } from "./segments.ts";
import type { Signer } from "./signing-key.ts";
import { verifierKeyFor } from "./verifier-key.ts";
import { type Durability, LedgerWriter } from "./writer.ts";

export interface LedgerOptions {
  /** Signs a checkpoint at every flush. It must be the key that the ledger's first line names. */
  readonly signer: Signer;
  readonly clock?: Clock;
  /** How long to wait for other writers, in seconds; 30 unless said otherwise. */
  readonly lockWaitSeconds?: number;
  /**
   * "disk" unless said otherwise: an append that returned survives a power cut. With "os" it survives the end of the process,
   * however it ends, but not that of the machine: lines are synced, and signed, when the lock is given away.
   */
  readonly durability?: Durability;
  /** A segment that has grown to so many bytes is sealed, and the next one begun. Never, unless said. At least 65,536. */
  readonly rotateAtBytes?: number;
  /**
   * The key that `signer` follows, while not all verifiers know the new one: checkpoints carry its signature as well, for
   * those who look for it.
   */
  readonly formerSigner?: Signer;
}

export interface AppendOptions {
  /**
   * 1 to 128 characters that name this record, so that an append whose outcome was lost can be repeated: it returns the line
   * of the first attempt. It is written into the record, as its member `append_id`.
   */
  readonly id?: string;
}

interface QueuedRecord extends PendingRecord {
  resolve(line: AppendedLine): void;
  reject(error: unknown): void;
}

const defaultLockWaitSeconds = 30;
/** Records written with one sync. */
const maximumBatchRecords = 4096;
const maximumBatchBytes = 8 << 20;
/** A writer with a full queue lets others have their turn after this time, and sooner when it is not alone. */
const holdSeconds = { alone: 0.2, amongOthers: 0.02 };
/** Then it leaves them so much time to take the lock, in milliseconds; they ask every 4 ms or so. */
const courtesyMs = 2;
const smallestSegmentBytes = 65_536;

/**
 * An append-only file of records that stands up to crashes, other writers and doubt. A record whose `append` has resolved is
 * on the disk, in the chain, and covered by a signed checkpoint in the history. The file with the newest checkpoint follows when
 * the queue is empty, and every 0.2 s at the latest.
 */
export class Ledger implements AsyncDisposable {
  readonly #paths: LedgerPaths;
  readonly #writer: LedgerWriter;
  readonly #clock: Clock;
  readonly #lockWaitSeconds: number;
  readonly #rotateAtBytes: number;
  readonly #queue: QueuedRecord[] = [];
  #draining: Promise<void> | null = null;
  #isAlone = true;
  #closed = false;
  /** What the last attempt to settle failed with, when it was not an append's own error. */
  #unsettled: unknown = null;

  /**
   * Creates a ledger with its genesis record and first checkpoint. Throws LEDGER_EXISTS where any file already is,
   * or what is left of another ledger of that name, LEDGER_UNWRITABLE, and whatever `open` throws.
   */
  static async create(path: string, options: LedgerOptions): Promise<Ledger> {
    const clock = options.clock ?? systemClock;
    const { vkey } = verifierKeyFor(options.signer.name, options.signer.publicKey);
    const record = recordText(genesisRecord(randomUUID(), isoFromWallMs(clock.wallMs()), vkey));
    await assertCreatable(path);
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
    const { rotateAtBytes } = options;
    if (rotateAtBytes !== undefined && !(rotateAtBytes >= smallestSegmentBytes)) {
      throw new CarbonOpsError(
        "INPUT_INVALID",
        `rotateAtBytes is ${rotateAtBytes}, but a segment has at least ${smallestSegmentBytes} bytes; give a larger number.`,
      );
    }
    const newest = ledgerOfSealed(path);
    if (newest !== null) {
      throw new CarbonOpsError(
        "LEDGER_UNWRITABLE",
        `${path} is a complete segment, which the next one goes on from, so nothing is added to it; append to ${newest}.`,
      );
    }
    const clock = options.clock ?? systemClock;
    const { signer, formerSigner, durability = "disk" } = options;
    const paths = ledgerPaths(path);
    const writer = await LedgerWriter.open(paths, { signer, formerSigner, clock, durability });
    const ledger = new Ledger(paths, writer, clock, options);
    try {
      await assertDirectoryOpen(path);
      // A segment that is too large, and cannot be sealed, must not keep anybody from opening the ledger.
      await ledger.#underLock(() => writer.commit([]), Number.POSITIVE_INFINITY);
      if (ledger.#unsettled !== null) throw notOpened(ledger.#unsettled);
    } catch (error) {
      await writer.close();
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
      // Somebody else created it in between; or what stands there are other files of a ledger.
      const isThere = error instanceof CarbonOpsError && error.code === "LEDGER_EXISTS" && identityAt(path) !== null;
      if (isThere) return await Ledger.open(path, options);
      throw error;
    }
  }

  private constructor(paths: LedgerPaths, writer: LedgerWriter, clock: Clock, options: LedgerOptions) {
    this.#paths = paths;
    this.#writer = writer;
    this.#clock = clock;
    this.#lockWaitSeconds = options.lockWaitSeconds ?? defaultLockWaitSeconds;
    this.#rotateAtBytes = options.rotateAtBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Random UUID of this ledger, from its genesis record; every segment has its own. */
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
  async append(record: JsonObject, { id }: AppendOptions = {}): Promise<AppendedLine> {
    const text = recordText(id === undefined ? record : withId(record, id));
    const { kind } = record;
    if (typeof kind === "string" && reservedKinds.includes(kind)) {
      throw new CarbonOpsError(
        "RECORD_INVALID",
        `The kind "${kind}" is reserved for the ledger itself; give the record another kind.`,
      );
    }
    this.#assertUsable();
    return await new Promise<AppendedLine>((resolve, reject) => {
      this.#queue.push({ text, id: id ?? null, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /**
   * Seals the file with its last checkpoint, gives it and its checkpoints lasting names (`<ledger>.000001`, …), and begins the
   * next segment under the ledger's name. A ledger without records of its own is left as it is. Throws what `append` throws, and
   * LEDGER_EXISTS where a file that is no part of the ledger has a segment's name.
   */
  async rotate(): Promise<void> {
    this.#assertUsable();
    while (this.#draining !== null) await this.#draining;
    const rotating = this.#underLock(() => this.#writer.rotate());
    this.#draining = rotating.then(
      () => this.#drain(),
      () => this.#drain(),
    );
    await rotating;
  }

  /**
   * Seals the file, and begins a segment that another key signs; its first record holds the statement of both keys. This one
   * is closed: `rotateKey` of key-change.ts opens the ledger with the new key.
   */
  async sealFor(next: Signer): Promise<void> {
    this.#assertUsable();
    while (this.#draining !== null) await this.#draining;
    this.#closed = true;
    const lock = await acquireLock(this.#paths.lock, this.#lockWaitSeconds, this.#clock);
    try {
      this.#writer.beginHold();
      await this.#writer.rotateKey(next);
    } finally {
      await lock.release();
      await this.#writer.close();
    }
  }

  /**
   * Waits for what is being appended and closes the file. Safe to call twice. Throws LEDGER_CHECKPOINT_STALE or
   * LEDGER_POISONED when all records are written, but not what follows them.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#draining !== null) await this.#draining;
    await this.#writer.close();
    if (this.#unsettled !== null) throw this.#unsettled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #assertUsable(): void {
    if (this.#closed)
      throw new CarbonOpsError("INPUT_INVALID", "The ledger was closed; open it again before appending.");
    if (this.#writer.poison !== null) throw this.#writer.poison;
  }

  /** Writes what is queued, batch by batch, under the lock. It never rejects: every outcome goes to its callers. */
  async #drain(): Promise<void> {
    // Callers of this same turn of the event loop belong into the first batch.
    await nextTurn();
    while (this.#queue.length > 0) {
      try {
        await this.#underLock(() => this.#commitBatches());
      } catch (error) {
        for (const queued of this.#queue.splice(0)) queued.reject(error);
      }
      if (this.#queue.length > 0) await sleep(courtesyMs);
    }
    // In the same turn as the last look at the queue, so that no record is queued behind a drain that has ended.
    this.#draining = null;
  }

  /** Whatever was done under the lock, the files are settled before it is given away. */
  async #underLock(work: () => Promise<unknown>, rotateAtBytes = this.#rotateAtBytes): Promise<void> {
    const lock = await acquireLock(this.#paths.lock, this.#lockWaitSeconds, this.#clock);
    try {
      this.#writer.beginHold();
      await work();
      await this.#settle(rotateAtBytes);
    } finally {
      await lock.release();
    }
  }

  async #settle(rotateAtBytes: number): Promise<void> {
    // Whoever appended has been told of it.
    if (this.#writer.poison !== null) return;
    this.#unsettled = null;
    try {
      if (this.#writer.byteLength >= rotateAtBytes) await this.#writer.rotate();
      else await this.#writer.settle();
    } catch (error) {
      // The appends have their outcomes already: this is said when the ledger is closed, or opened.
      this.#unsettled = error;
    }
  }

  async #commitBatches(): Promise<void> {
    const lockedNs = this.#clock.monotonicNs();
    const heldSeconds = (): number => secondsFromNanoseconds(this.#clock.monotonicNs() - lockedNs);
    await this.#commitNextBatch();
    this.#isAlone = !this.#writer.takeOthersWrote();
    await nextTurn();
    while (this.#goesOn(heldSeconds())) {
      await this.#commitNextBatch();
      await nextTurn();
    }
  }

  #goesOn(heldSeconds: number): boolean {
    const isLarge = this.#writer.byteLength >= this.#rotateAtBytes;
    const isLong = heldSeconds >= (this.#isAlone ? holdSeconds.alone : holdSeconds.amongOthers);
    return this.#queue.length > 0 && !isLarge && !isLong && this.#writer.poison === null;
  }

  async #commitNextBatch(): Promise<void> {
    const batch = this.#takeBatch();
    try {
      const outcomes = await this.#writer.commit(batch);
      for (const [index, queued] of batch.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined) queued.reject(new CarbonOpsError("INTERNAL", "A record got no line."));
        else if (outcome instanceof CarbonOpsError) queued.reject(outcome);
        else queued.resolve(outcome);
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

/** Otherwise a record would be written, and its checkpoint could not follow. */
async function assertDirectoryOpen(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw directoryClosed(path, error);
  }
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
