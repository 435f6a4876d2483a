import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { CarbonOpsError, messageOf } from "../errors.ts";
import type { JsonObject } from "../ledger/canonical-json.ts";
import type { Recorder } from "../ledger/recorder.ts";
import { buildNoteRecord } from "../record/note-record.ts";

/** Records that wait for the ledger; each takes some kilobytes. */
const maximumWaiting = 2000;
/** Records that are handed to the ledger at once, and share its syncs: writing them as text takes some milliseconds, in which nothing else runs. */
const batchSize = 24;
/** Reasons that are kept apart in a note. */
const maximumReasons = 20;
const otherReasons = "other reasons";
/** Pauses after a failure: they grow from the first to the second. */
const firstPauseSeconds = 1;
const longestPauseSeconds = 60;

export interface RecordQueueOptions {
  readonly path: string;
  readonly clock: Clock;
  /** Who writes here, as notes name it. */
  readonly writer: string;
  /** Throws LEDGER_* and KEY_* errors. */
  readonly open: () => Promise<Recorder>;
}

/** Makes a record when its turn comes; what it throws is why there is none. */
export type RecordMaker = () => Promise<JsonObject>;

interface WaitingRecord {
  readonly make: RecordMaker;
  record: JsonObject | null;
}

interface Dropped {
  count: number;
  readonly firstMs: number;
  lastMs: number;
}

/**
 * Appends records to a ledger in the background. What cannot be written now is tried again later; what finds no room, or can never be written,
 * is counted by its reason, and a note in the ledger says so as soon as it takes one.
 */
export class RecordQueue {
  readonly #options: RecordQueueOptions;
  readonly #waiting: WaitingRecord[] = [];
  /** By reason, since the last note. */
  readonly #dropped = new Map<string, Dropped>();
  #droppedEver = 0;
  #recorder: Recorder | null = null;
  #writing: Promise<void> | null = null;
  #retry: NodeJS.Timeout | null = null;
  #pauseSeconds = firstPauseSeconds;
  #problem: string | null = null;
  #isClosed = false;

  constructor(options: RecordQueueOptions) {
    this.#options = options;
  }

  get problems(): readonly string[] {
    const { path } = this.#options;
    const waiting = this.#waiting.length;
    const waitingText = waiting === 0 ? "" : ` (${counted(waiting, "waits", "wait")} for ${path}.)`;
    const dropped = counted(this.#droppedEver, "was", "were");
    return [
      ...(this.#problem === null ? [] : [`${this.#problem}${waitingText}`]),
      ...(this.#droppedEver === 0 ? [] : [`${dropped} not written to ${path}; ${this.#noteText}`]),
    ];
  }

  get #noteText(): string {
    if (this.#dropped.size === 0) return "a note there says why.";
    if (!this.#isClosed) return "a note there will say why, once the ledger takes one.";
    return `the ledger has no note of these: ${reasonsText(this.#dropped)}.`;
  }

  add(make: RecordMaker): void {
    if (this.#waiting.length >= maximumWaiting) this.drop(`the queue of ${maximumWaiting} records was full`);
    else this.#waiting.push({ make, record: null });
    if (this.#retry === null) void this.#write();
  }

  /** Counts records that are not written. */
  drop(reason: string, count = 1): void {
    this.#droppedEver += count;
    const nowMs = this.#options.clock.wallMs();
    const named = this.#dropped.has(reason) || this.#dropped.size < maximumReasons ? reason : otherReasons;
    const known = this.#dropped.get(named);
    if (known === undefined) this.#dropped.set(named, { count, firstMs: nowMs, lastMs: nowMs });
    else Object.assign(known, { count: known.count + count, lastMs: nowMs });
  }

  /** One attempt to write what waits, whether or not it is time for one. Never rejects. */
  async flush(): Promise<void> {
    this.#stopRetry();
    await this.#write();
  }

  /** The last attempt. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.flush();
    if (this.#waiting.length > 0) this.drop("the application ended", this.#waiting.splice(0).length);
    await this.#closeRecorder();
  }

  async #write(): Promise<void> {
    this.#writing ??= this.#writeAll();
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    try {
      // Those that are added in this same turn belong into the first batch.
      await nextTurn();
      this.#recorder ??= await this.#options.open();
      do {
        while (this.#waiting.length > 0) await this.#writeBatch(this.#recorder);
        await this.#writeNote(this.#recorder);
      } while (this.#waiting.length > 0);
      this.#problem = null;
      this.#pauseSeconds = firstPauseSeconds;
    } catch (error) {
      await this.#failed(error);
    } finally {
      // In the same turn as the last look at the queue, so that no record is left behind.
      this.#writing = null;
    }
  }

  /** Throws what the ledger throws, with the records that it did not take still waiting. */
  async #writeBatch(recorder: Recorder): Promise<void> {
    const batch = this.#waiting.slice(0, batchSize);
    const made: JsonObject[] = [];
    for (const item of batch) {
      await this.#make(item);
      if (item.record !== null) made.push(item.record);
    }
    const outcomes = await Promise.allSettled(made.map(async (record) => recorder.append(record)));
    let failure: unknown = null;
    const kept: WaitingRecord[] = [];
    for (const [index, record] of made.entries()) {
      const outcome = outcomes[index];
      if (outcome?.status !== "rejected") continue;
      const code = codeOf(outcome.reason);
      if (code === "RECORD_INVALID") {
        this.drop(`it does not fit: ${withoutStop(outcome.reason)}`);
        continue;
      }
      failure ??= outcome.reason;
      // The line may be on the disk or not: a second attempt could count the same energy twice.
      if (code === "LEDGER_POISONED") this.drop("nobody knows whether it reached the disk");
      else kept.push({ make: async () => record, record });
    }
    this.#waiting.splice(0, batch.length, ...kept);
    if (failure !== null) throw failure;
  }

  /** Between two of them the application has its turn. */
  async #make(item: WaitingRecord): Promise<void> {
    try {
      item.record ??= await item.make();
    } catch (error) {
      this.drop(withoutStop(error));
    }
    await nextTurn();
  }

  async #writeNote(recorder: Recorder): Promise<void> {
    const dropped = [...this.#dropped].map(([reason, each]) => [reason, { ...each }] as const);
    if (dropped.length === 0) return;
    const reasons = reasonsText(dropped);
    const firstTime = isoFromWallMs(Math.min(...dropped.map(([, { firstMs }]) => firstMs)));
    const lastTime = isoFromWallMs(Math.max(...dropped.map(([, { lastMs }]) => lastMs)));
    const count = dropped.reduce((sum, [, each]) => sum + each.count, 0);
    const words = `${this.#options.writer} did not write ${count} ${count === 1 ? "record" : "records"} between ${firstTime} and ${lastTime}: ${reasons}.`;
    await recorder.append(buildNoteRecord(words, isoFromWallMs(this.#options.clock.wallMs())));
    for (const [reason, { count: noted }] of dropped) {
      const known = this.#dropped.get(reason);
      if (known !== undefined && known.count > noted) known.count -= noted;
      else this.#dropped.delete(reason);
    }
  }

  async #failed(error: unknown): Promise<void> {
    this.#problem = messageOf(error);
    const code = codeOf(error);
    // After anything else than these two, the ledger has to be looked at anew.
    if (code !== "LEDGER_LOCKED" && code !== "LEDGER_WRITE_FAILED") await this.#closeRecorder();
    if (this.#isClosed) return;
    this.#stopRetry();
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.#write();
    }, this.#pauseSeconds * 1000);
    this.#retry.unref();
    this.#pauseSeconds = Math.min(longestPauseSeconds, 2 * this.#pauseSeconds);
  }

  async #closeRecorder(): Promise<void> {
    const recorder = this.#recorder;
    this.#recorder = null;
    try {
      await recorder?.close();
    } catch (error) {
      this.#problem ??= messageOf(error);
    }
  }

  #stopRetry(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }
}

function counted(count: number, ofOne: string, ofMany: string): string {
  return count === 1 ? `1 record ${ofOne}` : `${count} records ${ofMany}`;
}

/** "2 (the queue was full), 1 (no energy was read)": reasons are sentences, which would run into each other. */
function reasonsText(dropped: Iterable<readonly [string, Dropped]>): string {
  return [...dropped].map(([reason, { count }]) => `${count} (${reason})`).join(", ");
}

function codeOf(error: unknown): string | null {
  return error instanceof CarbonOpsError ? error.code : null;
}

/** The sentence as a part of another one. */
function withoutStop(error: unknown): string {
  return messageOf(error).replace(/\.$/, "");
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
