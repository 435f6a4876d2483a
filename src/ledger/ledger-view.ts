import { readSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { readGenesisOf } from "./appendable.ts";
import { assertGoesOn } from "./begun-segment.ts";
import type { JsonObject } from "./canonical-json.ts";
import { Chain } from "./chain.ts";
import { latestCheckpoint, readPart } from "./checkpoint-files.ts";
import {
  altered,
  examineHistory,
  type KnownHistory,
  ownCheckpoint,
  tornWithoutCause,
  unknownHistory,
} from "./checkpoint-history.ts";
import { type FileIdentity, identityAt, identityOf, isSameFile, isUnchanged } from "./file-identity.ts";
import { type Frontier, readFrontier } from "./frontier-file.ts";
import { inspect } from "./inspect.ts";
import { type LedgerPaths, notALedger, openLedgerFile, openLedgerFileIfAny, readChunks } from "./ledger-files.ts";
import { invalid, otherKey, replaced, withoutCheckpoint } from "./ledger-refusal.ts";
import { noPreviousHash } from "./line.ts";
import { leafHash, MerkleTree } from "./merkle-tree.ts";
import { type Genesis, originOf, unsignedLinesRecord } from "./own-records.ts";
import { type MendedPlace, rewriteTail, setAsideTail, setAsideTornCheckpoint, unrecordedRepairs } from "./repair.ts";
import { sealedPath, undoInterruptedRotation } from "./segments.ts";
import type { VerifierKey } from "./verifier-key.ts";

/**
 * What a writer knows of a ledger's files, and how it learns what others have done to them since. Every method expects the
 * caller to hold the lock.
 */
export class LedgerView {
  readonly #paths: LedgerPaths;
  readonly #ownKey: VerifierKey;
  readonly #clock: Clock;
  #handle: FileHandle;
  #chain = new Chain();
  #genesis: Genesis | null = null;
  #signedSize = 0;
  #latestSize = 0;
  #history: KnownHistory = unknownHistory;
  /** The files as they were after the last look or write; null when nobody can say what happened to them since. */
  #knownLedger: FileIdentity | null = null;
  #knownHistory: FileIdentity | null = null;
  /** Until the first commit, and after one that failed, the files are looked at anew. */
  #isCurrent = false;
  #othersWrote = false;
  /** Whether the names have been looked at since the lock was taken. */
  #isFenced = false;

  static async open(paths: LedgerPaths, ownKey: VerifierKey, clock: Clock): Promise<LedgerView> {
    return new LedgerView(paths, ownKey, clock, await openLedgerFile(paths.ledger, "write"));
  }

  private constructor(paths: LedgerPaths, ownKey: VerifierKey, clock: Clock, handle: FileHandle) {
    this.#paths = paths;
    this.#ownKey = ownKey;
    this.#clock = clock;
    this.#handle = handle;
  }

  get handle(): FileHandle {
    return this.#handle;
  }

  get chain(): Chain {
    return this.#chain;
  }

  get genesis(): Genesis | null {
    return this.#genesis;
  }

  get origin(): string {
    return originOf(this.#genesis?.ledgerId ?? "");
  }

  /** Lines that a checkpoint of the history covers. */
  get signedSize(): number {
    return this.#signedSize;
  }

  /** Lines that `<ledger>.checkpoint` covers. */
  get latestSize(): number {
    return this.#latestSize;
  }

  get history(): KnownHistory {
    return this.#history;
  }

  /** Whether somebody else has written since the last call. */
  takeOthersWrote(): boolean {
    const wrote = this.#othersWrote;
    this.#othersWrote = false;
    return wrote;
  }

  /** The lock has just been taken: others may have done anything before. */
  beginHold(): void {
    this.#isFenced = false;
  }

  /** From here on until `advance`, nothing is certain. */
  beginChange(): void {
    this.#isCurrent = false;
  }

  /** Own lines are in the file. */
  advance(chain: Chain): void {
    this.#chain = chain;
    this.#knownLedger = this.#knownLedger === null ? null : identityOf(this.#handle.fd);
    this.#isCurrent = true;
  }

  /** A checkpoint over so many lines has been added to the history. */
  advanceHistory(size: number, history: KnownHistory, identity: FileIdentity | null): void {
    this.#signedSize = size;
    this.#history = history;
    // The first checkpoint of a ledger makes the file.
    const isNew = history.newestStart === 0;
    this.#knownHistory = this.#knownHistory === null && !isNew ? null : identity;
  }

  advanceLatest(): void {
    this.#latestSize = this.#signedSize;
  }

  /** Another file has come in this one's place. */
  async reopen(): Promise<void> {
    const next = await openLedgerFile(this.#paths.ledger, "write");
    await this.#handle.close();
    this.#handle = next;
    this.#chain = new Chain();
    this.#genesis = null;
    this.#signedSize = 0;
    this.#latestSize = 0;
    this.#history = unknownHistory;
    this.#knownLedger = null;
    this.#knownHistory = null;
    this.#isCurrent = false;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /**
   * Takes in what other writers have added, and mends what one of them, or an earlier run, left behind when it crashed. Opening
   * a ledger is the same with nothing known yet. Returns the records that tell of repairs.
   */
  async catchUp(): Promise<readonly JsonObject[]> {
    if (this.#isCurrent && this.#isFenced && this.#isUntouched()) return [];
    await this.#followRotation();
    const ledger = this.#fencedIdentity();
    this.#isFenced = true;
    const history = identityAt(this.#paths.history);
    const nothingNew =
      ledger.size === this.#chain.byteLength &&
      (history?.size ?? 0) === this.#history.byteLength &&
      !this.#history.torn;
    if (this.#isCurrent && nothingNew) {
      if (!isUnchanged(ledger, this.#knownLedger)) this.#knownLedger = null;
      if (!isUnchanged(history, this.#knownHistory)) this.#knownHistory = null;
      return [];
    }
    this.#genesis ??= await readGenesisOf(this.#handle, this.#paths.ledger);
    this.#assertOwnKey(this.#genesis);
    if (await undoInterruptedRotation(this.#paths, this.#genesis.segment)) return await this.catchUp();
    return await this.#lookAnew(this.#genesis, ledger, history);
  }

  /** What the next writer needs to go on without a walk; null when somebody changed a file in between. */
  frontier(): Frontier | null {
    const ledger = identityOf(this.#handle.fd);
    const history = identityAt(this.#paths.history);
    const isKnown = isUnchanged(ledger, this.#knownLedger) && isUnchanged(history, this.#knownHistory);
    if (!isKnown || history === null || this.#signedSize !== this.#chain.size) return null;
    return {
      ledger,
      history,
      size: this.#chain.size,
      lastLineStart: this.#chain.lastLineStart,
      subtreeRoots: this.#chain.rootsBeforeLastLine(),
      newestNoteStart: this.#history.newestStart,
    };
  }

  /** The newest checkpoint of the history, as it stands there. */
  async newestNote(): Promise<Buffer> {
    const { newestStart, byteLength } = this.#history;
    const handle = await openLedgerFile(this.#paths.history, "read");
    try {
      return await readPart(handle, newestStart, byteLength - newestStart - 1);
    } finally {
      await handle.close();
    }
  }

  async #lookAnew(
    genesis: Genesis,
    ledger: FileIdentity,
    history: FileIdentity | null,
  ): Promise<readonly JsonObject[]> {
    const isFirstLook = this.#chain.size === 0;
    this.#othersWrote = this.#isCurrent;
    const frontier = await readFrontier(this.#paths.frontier);
    const isVouchedFor =
      frontier !== null && isUnchanged(frontier.ledger, ledger) && isUnchanged(frontier.history, history);
    if (isFirstLook && isVouchedFor && (await this.#restore(frontier, genesis))) return [];
    const chain = await this.#inspectToEnd();
    if (this.#signedSize === 0) await assertGoesOn(this.#paths.ledger, genesis);
    this.#knownLedger = isFirstLook || isVouchedFor ? ledger : null;
    this.#knownHistory = isFirstLook || isVouchedFor ? history : null;
    const records = await this.#recordsOfRepairs(chain);
    this.#chain = chain;
    return records;
  }

  async #recordsOfRepairs(chain: Chain): Promise<readonly JsonObject[]> {
    if (this.#history.torn) {
      await setAsideTornCheckpoint(this.#paths, this.#history.byteLength, this.#placeAt(chain.byteLength));
      this.#history = { ...this.#history, torn: false };
    }
    const repairedAt = isoFromWallMs(this.#clock.wallMs());
    const records = await unrecordedRepairs(this.#paths, this.#placeAt(chain.byteLength), repairedAt);
    // One unsigned line is a ledger whose creation was interrupted: its key signs it now.
    if (chain.size > this.#signedSize && chain.size > 1) {
      records.push(unsignedLinesRecord(this.#signedSize, chain.size - 1, repairedAt));
    }
    return records;
  }

  #placeAt(length: number): MendedPlace {
    return { segment: this.#genesis?.segment ?? 1, length };
  }

  /** Another writer may have sealed the segment that is open here and begun the next one. */
  async #followRotation(): Promise<void> {
    const own = identityOf(this.#handle.fd);
    if (isSameFile(own, identityAt(this.#paths.ledger))) return;
    // Others rotated between this file's opening and the lock: nothing was read of it yet.
    if (this.#genesis === null) return this.reopen();
    const { segment } = this.#genesis;
    if (!isSameFile(own, identityAt(sealedPath(this.#paths.ledger, segment)))) throw replaced(this.#paths);
    await this.reopen();
    const genesis = await readGenesisOf(this.#handle, this.#paths.ledger);
    if (genesis.segment <= segment) throw replaced(this.#paths);
  }

  /** Replacing, removing or changing a file changes its time: while the lock is held, a look at the open ones says enough. */
  #isUntouched(): boolean {
    const isLedgerSame = isUnchanged(identityOf(this.#handle.fd), this.#knownLedger);
    return isLedgerSame && isUnchanged(identityAt(this.#paths.history), this.#knownHistory);
  }

  /** The state of the file, once it is certain to be the one that was read before. */
  #fencedIdentity(): FileIdentity {
    const own = identityOf(this.#handle.fd);
    const isReplaced = !isSameFile(own, identityAt(this.#paths.ledger));
    if (isReplaced || own.size < this.#chain.byteLength || !this.#lastLineIsUnchanged()) throw replaced(this.#paths);
    return own;
  }

  #lastLineIsUnchanged(): boolean {
    if (this.#chain.size === 0) return true;
    const { byteLength, lastLineStart, lastHash } = this.#chain;
    const line = Buffer.alloc(byteLength - lastLineStart);
    readSync(this.#handle.fd, line, 0, line.length, lastLineStart);
    return line.at(-1) === 0x0a && leafHash(line.subarray(0, -1)).toString("hex") === lastHash;
  }

  /** Goes on from where another writer stopped, if the key has signed exactly that. */
  async #restore(frontier: Frontier, genesis: Genesis): Promise<boolean> {
    const { size, lastLineStart, subtreeRoots, newestNoteStart } = frontier;
    const line = await readPart(this.#handle, lastLineStart, Math.max(0, frontier.ledger.size - lastLineStart));
    if (line.indexOf(0x0a) !== line.length - 1) return false;
    const chain = new Chain(new MerkleTree(size - 1, subtreeRoots), noPreviousHash, lastLineStart);
    chain.extend(line.subarray(0, -1));
    const history = await this.#restoredHistory(newestNoteStart, frontier.history.size);
    if (history?.newest?.size !== size || !history.newest.root.equals(chain.root())) return false;
    const latest = await latestCheckpoint(this.#paths, genesis.verifierKey, originOf(genesis.ledgerId));
    if ((latest?.size ?? 0) > size) return false;
    this.#chain = chain;
    this.#history = history;
    this.#signedSize = size;
    this.#latestSize = latest?.size ?? 0;
    this.#knownLedger = frontier.ledger;
    this.#knownHistory = frontier.history;
    return true;
  }

  async #restoredHistory(newestStart: number, byteLength: number): Promise<KnownHistory | null> {
    const handle = await openLedgerFileIfAny(this.#paths.history, "read");
    if (handle === null || newestStart >= byteLength) return null;
    try {
      const note = await readPart(handle, newestStart, byteLength - newestStart - 1);
      const newest = ownCheckpoint(this.#paths.history, note, this.#ownKey, this.origin);
      return { byteLength, newest, newestStart, torn: false };
    } catch {
      // What is wrong with it, the walk over everything says.
      return null;
    } finally {
      await handle.close();
    }
  }

  /** Walks to the end of the file, and sets aside a torn tail: whatever does not hold and was never signed. */
  async #inspectToEnd(): Promise<Chain> {
    for (;;) {
      const chain = this.#chain.copy();
      const { fault, genesis, trailingBytes, provenBytes } = await inspect(readChunks(this.#handle, chain.byteLength), {
        chain,
        genesis: chain.size === 0 ? null : this.#genesis,
        contents: "unsigned",
        checkpointsOf: (found) => this.#newestCheckpointOf(found),
      });
      if (genesis === null) throw notALedger(this.#paths.ledger, fault?.reason ?? "the file is empty");
      if (fault !== null && fault.seq < this.#signedSize) throw invalid(this.#paths, fault);
      const holdsMoreThanGenesis = chain.size > 1 || trailingBytes > 0;
      if (this.#signedSize === 0 && holdsMoreThanGenesis) throw withoutCheckpoint(this.#paths);
      // A crash tears the history only between the sync of new lines and that of their checkpoints.
      if (this.#history.torn && chain.size <= this.#signedSize) throw altered(this.#paths.history, tornWithoutCause);
      if (fault === null && trailingBytes === 0) {
        if (chain.size > this.#signedSize) await rewriteTail(this.#paths.ledger, this.#handle, provenBytes);
        return chain;
      }
      await setAsideTail(this.#paths.ledger, this.#handle, this.#placeAt(fault?.offset ?? chain.byteLength));
    }
  }

  async #newestCheckpointOf(genesis: Genesis) {
    const { verifierKey } = genesis;
    const origin = originOf(genesis.ledgerId);
    const latest = await latestCheckpoint(this.#paths, verifierKey, origin);
    this.#history = await examineHistory(this.#paths, verifierKey, origin, this.#history);
    const historical = this.#history.newest;
    // A crash between the two leaves the newer one in the history only; a power cut may take the other away.
    const newest = (historical?.size ?? 0) > (latest?.size ?? 0) ? historical : latest;
    this.#latestSize = latest?.size ?? 0;
    this.#signedSize = newest?.size ?? 0;
    // Checkpoints of sizes that were walked over before have been compared then.
    let due = newest !== null && newest.size >= this.#chain.size ? newest : null;
    return {
      peek: () => due,
      advance: async () => {
        due = null;
      },
    };
  }

  #assertOwnKey(genesis: Genesis): void {
    if (genesis.verifierKey.vkey === this.#ownKey.vkey) return;
    throw otherKey(this.#paths, genesis.verifierKey, this.#ownKey);
  }
}
