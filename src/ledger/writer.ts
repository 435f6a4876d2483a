import { type FileHandle, lstat } from "node:fs/promises";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { Chain } from "./chain.ts";
import { type Checkpoint, signCheckpoint } from "./checkpoint.ts";
import { latestCheckpoint, PublishedError, publishCheckpoint } from "./checkpoint-files.ts";
import { altered, examineHistory, type KnownHistory, tornWithoutCause, unknownHistory } from "./checkpoint-history.ts";
import { writeFailure } from "./disk-refusal.ts";
import { writeFully } from "./durable-file.ts";
import { inspect, type LineFault } from "./inspect.ts";
import { type LedgerPaths, notALedger, readChunks, sizeIfAny } from "./ledger-files.ts";
import { formatLine, recordText } from "./line.ts";
import { leafHash } from "./merkle-tree.ts";
import { type Genesis, originOf, unsignedLinesRecord } from "./own-records.ts";
import { rewriteTail, setAsideTail, setAsideTornCheckpoint, unrecordedRepairs } from "./repair.ts";
import type { Signer } from "./signing-key.ts";
import { verifierKeyFor } from "./verifier-key.ts";

export interface AppendedLine {
  readonly seq: number;
  /** Leaf hash of the line in hex: what the next line's `prev_hash` will be. */
  readonly lineHash: string;
}

/**
 * What a process knows of a ledger file that it writes to. It keeps a copy of chain and tree, and takes nothing for granted
 * that another process may have changed. Every method expects the caller to hold the lock.
 */
export class LedgerWriter {
  readonly #paths: LedgerPaths;
  readonly #handle: FileHandle;
  readonly #signer: Signer;
  readonly #clock: Clock;
  #chain = new Chain();
  #genesis: Genesis | null = null;
  /** Lines that a published checkpoint covers. */
  #signedSize = 0;
  #history: KnownHistory = unknownHistory;
  /** Until the first commit, and after one that failed, the file is looked at anew. */
  #settled = false;
  #poison: CarbonOpsError | null = null;

  constructor(paths: LedgerPaths, handle: FileHandle, signer: Signer, clock: Clock) {
    this.#paths = paths;
    this.#handle = handle;
    this.#signer = signer;
    this.#clock = clock;
  }

  get ledgerId(): string | null {
    return this.#genesis?.ledgerId ?? null;
  }

  /** Why nothing can be written any more, or null. */
  get poison(): CarbonOpsError | null {
    return this.#poison;
  }

  /**
   * Writes records and a checkpoint over them, under the lock. In this order: catch up with the file; write; sync; sign;
   * publish. A crash after "write" leaves lines that nobody was told about: they stay if they are whole, and the next
   * writer's `#catchUp` signs them and says so. A crash after "publish" loses nothing.
   */
  async commit(texts: readonly string[]): Promise<AppendedLine[]> {
    if (this.#poison !== null) throw this.#poison;
    const repairs = await this.#caughtUp();
    this.#settled = false;
    const next = this.#chain.copy();
    const lines = [...repairs, ...texts].map((text) => appendLine(next, text));
    await this.#write(lines.map(({ bytes }) => bytes));
    if (next.size > this.#signedSize) await this.#sign(next);
    this.#chain = next;
    this.#signedSize = next.size;
    this.#settled = true;
    return lines.slice(repairs.length).map(({ appended }) => appended);
  }

  async #caughtUp(): Promise<readonly string[]> {
    try {
      return await this.#catchUp();
    } catch (error) {
      throw error instanceof CarbonOpsError ? error : writeFailure(this.#paths.ledger, error);
    }
  }

  async #write(lines: readonly Buffer[]): Promise<void> {
    if (lines.length === 0) return;
    try {
      await writeFully(this.#handle, Buffer.concat(lines));
    } catch (error) {
      throw await this.#takenBack(writeFailure(this.#paths.ledger, error));
    }
    try {
      await this.#handle.datasync();
    } catch (error) {
      // The kernel reports a failed sync once and then takes the pages for clean: nothing after it can be trusted.
      throw this.#poisoned(`the disk failed to sync it (${messageOf(error)})`, error);
    }
  }

  /** Signs only what has been synced. */
  async #sign(next: Chain): Promise<void> {
    const origin = originOf(this.ledgerId ?? "");
    try {
      const newest: Checkpoint = { origin, size: next.size, root: next.root() };
      const note = await signCheckpoint(newest, this.#signer);
      this.#history = { byteLength: await publishCheckpoint(this.#paths, note), newest, torn: false };
    } catch (error) {
      if (error instanceof PublishedError) throw this.#poisoned(`its checkpoint failed (${error.message})`, error);
      throw await this.#takenBack(writeFailure(this.#paths.checkpoint, error));
    }
  }

  /** Cuts off what the failed batch has written; nobody was told of it and no checkpoint covers it. */
  async #takenBack(failure: CarbonOpsError): Promise<CarbonOpsError> {
    try {
      await this.#handle.truncate(this.#chain.byteLength);
      await this.#handle.datasync();
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

  /**
   * Takes in what other writers have added, and mends what one of them, or an earlier run, left behind when it crashed.
   * Opening a ledger is the same with nothing known yet. Returns the records that tell of repairs.
   */
  async #catchUp(): Promise<string[]> {
    const size = await this.#fencedSize();
    const historySize = await sizeIfAny(this.#paths.history);
    const nothingNew = size === this.#chain.byteLength && historySize === this.#history.byteLength;
    if (this.#settled && nothingNew) return [];
    const chain = await this.#inspectToEnd();
    if (this.#history.torn) {
      await setAsideTornCheckpoint(this.#paths, this.#history.byteLength, chain.byteLength);
      this.#history = { ...this.#history, torn: false };
    }
    const repairedAt = isoFromWallMs(this.#clock.wallMs());
    const records = await unrecordedRepairs(this.#paths, chain.byteLength, repairedAt);
    // One unsigned line is a ledger whose creation was interrupted: its key signs it now.
    if (chain.size > this.#signedSize && chain.size > 1) {
      records.push(unsignedLinesRecord(this.#signedSize, chain.size - 1, repairedAt));
    }
    this.#chain = chain;
    return records.map(recordText);
  }

  /** Size of the file, once it is certain to be the one that was read before. */
  async #fencedSize(): Promise<number> {
    const { ledger } = this.#paths;
    const [own, named] = await Promise.all([this.#handle.stat(), lstat(ledger).catch(() => null)]);
    const replaced = named === null || named.ino !== own.ino || named.dev !== own.dev;
    if (replaced || own.size < this.#chain.byteLength || !(await this.#lastLineIsUnchanged())) {
      throw new CarbonOpsError(
        "LEDGER_REPLACED",
        `${ledger} was replaced, cut or changed while it was open, so nothing was written; ask \`carbon-ops ledger verify\`.`,
      );
    }
    return own.size;
  }

  async #lastLineIsUnchanged(): Promise<boolean> {
    if (this.#chain.size === 0) return true;
    const length = this.#chain.byteLength - this.#chain.lastLineStart;
    const line = Buffer.alloc(length);
    await this.#handle.read(line, 0, length, this.#chain.lastLineStart);
    return line.at(-1) === 0x0a && leafHash(line.subarray(0, -1)).toString("hex") === this.#chain.lastHash;
  }

  /** Walks to the end of the file, and sets aside a torn tail: whatever does not hold and was never signed. */
  async #inspectToEnd(): Promise<Chain> {
    for (;;) {
      const chain = this.#chain.copy();
      const { fault, genesis, trailingBytes, provenBytes } = await inspect(readChunks(this.#handle, chain.byteLength), {
        chain,
        genesis: this.#genesis,
        contents: "unsigned",
        checkpointsOf: (found) => this.#newestCheckpointOf(found),
      });
      this.#genesis = genesis;
      if (genesis === null) throw notALedger(this.#paths.ledger, fault?.reason ?? "the file is empty");
      if (fault !== null && fault.seq < this.#signedSize) throw this.#invalid(fault);
      const holdsMoreThanGenesis = chain.size > 1 || trailingBytes > 0;
      if (this.#signedSize === 0 && holdsMoreThanGenesis) throw this.#withoutCheckpoint();
      // A crash tears the history only between the sync of new lines and their checkpoint.
      if (this.#history.torn && chain.size <= this.#signedSize) throw altered(this.#paths.history, tornWithoutCause);
      if (fault === null && trailingBytes === 0) {
        if (chain.size > this.#signedSize) await rewriteTail(this.#paths.ledger, this.#handle, provenBytes);
        return chain;
      }
      await setAsideTail(this.#paths.ledger, this.#handle, fault?.offset ?? chain.byteLength);
    }
  }

  async #newestCheckpointOf(genesis: Genesis) {
    this.#assertOwnKey(genesis);
    const { verifierKey } = genesis;
    const origin = originOf(genesis.ledgerId);
    const latest = await latestCheckpoint(this.#paths, verifierKey, origin);
    this.#history = await examineHistory(this.#paths, verifierKey, origin, this.#history);
    const historical = this.#history.newest;
    // A crash between the two leaves the newer one in the history only.
    const newest = (historical?.size ?? 0) > (latest?.size ?? 0) ? historical : latest;
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
    const { vkey } = verifierKeyFor(this.#signer.name, this.#signer.publicKey);
    if (genesis.verifierKey.vkey === vkey) return;
    throw new CarbonOpsError(
      "KEY_INVALID",
      `${this.#paths.ledger} is signed by ${genesis.verifierKey.name}, not by ${this.#signer.name}; name its own key, or start another ledger.`,
    );
  }

  /** Lines without any checkpoint are not signed blindly: whoever deletes checkpoints could rewrite history that way. */
  #withoutCheckpoint(): CarbonOpsError {
    return new CarbonOpsError(
      "LEDGER_INVALID",
      `${this.#paths.checkpoint} is missing although the ledger has records, so nothing was written; restore it.`,
    );
  }

  #invalid({ line, reason }: LineFault): CarbonOpsError {
    return new CarbonOpsError(
      "LEDGER_INVALID",
      `${this.#paths.ledger} was altered or damaged at line ${line} (${reason}), so nothing was written; \`carbon-ops ledger verify\` tells more.`,
    );
  }
}

interface NewLine {
  readonly bytes: Buffer;
  readonly appended: AppendedLine;
}

function appendLine(chain: Chain, text: string): NewLine {
  const seq = chain.size;
  const line = Buffer.from(`${formatLine(chain.lastHash, text, seq)}\n`);
  chain.extend(line.subarray(0, -1));
  return { bytes: line, appended: { seq, lineHash: chain.lastHash } };
}
