import { type GpuTotals, gpuTotalsAdded, gpuTotalsBetween } from "../attribution/gpu-shares.ts";
import type { Clock } from "../clock.ts";
import type { GpuEnergySource } from "../energy/gpu.ts";
import type { HostRoots } from "../host/roots.ts";
import { type GpuEnergyFigures, gpuEnergyFigures } from "./gpu-figures.ts";
import { GpuMeter, type MeteredBoard } from "./gpu-meter.ts";

/** A moment at which a span begins or ends, and what its boards had taken by then. */
export interface GpuMark {
  readonly atNs: bigint;
  readonly boards: Map<string, BoardAtMark>;
  /** Resolves when every board was read after that moment, or could not be. */
  readonly complete: Promise<void>;
}

/** A board at a moment between two of its readings. */
interface BoardAtMark {
  readonly totals: GpuTotals;
  readonly before: MeteredBoard;
  readonly after: MeteredBoard;
}

interface PendingMark extends GpuMark {
  finish(): void;
}

/** Counters of boards move in steps of 0.1 s: spans below that have no figure, and no reading is made more often for the start of one. */
const resolutionNs = 100_000_000n;

/** Longest that the end of a span waits for the driver. */
const waitLimitMs = 1000;

/**
 * The energy of GPUs over many spans, overlapping or not. A span does not wait for the driver where it begins: what a board had taken by
 * that moment lies between the readings before and after it, and is taken in proportion to time.
 *
 * What it costs is bounded: one reading is under way at a time, all spans that wait share the next one, and only spans of 0.1 s or more
 * ask for one at their end.
 */
export class GpuSpanMeter {
  readonly #meter: GpuMeter;
  readonly #clock: Pick<Clock, "monotonicNs">;
  #seen: ReadonlyMap<string, MeteredBoard>;
  #pending: PendingMark[] = [];
  #reading: Promise<void> | null = null;
  #lastReadNs: bigint;
  #isClosed = false;

  /** Takes the baseline reading. Never rejects. */
  static async open(
    sources: readonly GpuEnergySource[],
    roots: HostRoots,
    clock: Pick<Clock, "monotonicNs">,
  ): Promise<GpuSpanMeter> {
    return new GpuSpanMeter(await GpuMeter.open(sources, roots), clock);
  }

  private constructor(meter: GpuMeter, clock: Pick<Clock, "monotonicNs">) {
    this.#meter = meter;
    this.#clock = clock;
    this.#seen = byId(meter.boards);
    this.#lastReadNs = clock.monotonicNs();
  }

  /** The task's processes now; those seen earlier stay its own. */
  noteTaskPids(pids: Iterable<number>): void {
    this.#meter.noteTaskPids(pids);
  }

  /** A moment from which a span counts. Returns at once; boards are read a little later. */
  start(): GpuMark {
    const mark = this.#newMark();
    if (mark.atNs - this.#lastReadNs >= resolutionNs) void this.sample();
    return mark;
  }

  /**
   * Energy from a moment to now. Null where no board was read at both ends, where the span is shorter than the counters' steps, and where
   * the driver does not answer within a second. Never rejects.
   */
  async since(start: GpuMark): Promise<GpuEnergyFigures | null> {
    if (this.#clock.monotonicNs() - start.atNs < resolutionNs) return null;
    const end = this.#newMark();
    const read = this.#isClosed ? end.complete : this.#readAfterNow(end);
    if (!(await within(Promise.all([start.complete, read]), waitLimitMs))) return null;
    const spans = [...end.boards].flatMap(([id, later]) => {
      const earlier = start.boards.get(id);
      return earlier === undefined ? [] : [boardBetween(earlier, later)];
    });
    return gpuEnergyFigures(spans);
  }

  /** One reading of every board, shared by all who wait for one. Never rejects. */
  async sample(): Promise<void> {
    if (this.#isClosed) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  /** Takes no reading from then on; spans that are open have none. The caller closes the sources. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await within(this.#meter.finish(), waitLimitMs);
    for (const mark of this.#pending.splice(0)) mark.finish();
  }

  #newMark(): PendingMark {
    let finish: () => void = () => undefined;
    const complete = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const mark = { atNs: this.#clock.monotonicNs(), boards: new Map<string, BoardAtMark>(), complete, finish };
    if (this.#isClosed) finish();
    else this.#pending.push(mark);
    return mark;
  }

  /** A reading that is under way may have passed a board before that moment: then one more is made. */
  async #readAfterNow(mark: GpuMark): Promise<void> {
    if (this.#reading !== null) await this.#reading;
    if (this.#pending.some((pending) => pending === mark)) await this.sample();
  }

  async #read(): Promise<void> {
    const startedNs = this.#clock.monotonicNs();
    this.#lastReadNs = startedNs;
    await this.#meter.advanceNext();
    const now = byId(this.#meter.boards);
    // Those that came while it was under way wait for the next one.
    const [due, early] = [
      this.#pending.filter(({ atNs }) => atNs <= startedNs),
      this.#pending.filter(({ atNs }) => atNs > startedNs),
    ];
    for (const mark of due) {
      for (const [id, board] of now) {
        const at = boardAt(this.#seen.get(id), board, mark.atNs);
        if (at !== null) mark.boards.set(id, at);
      }
      mark.finish();
    }
    this.#pending = early;
    this.#seen = now;
  }
}

function byId(boards: readonly MeteredBoard[]): ReadonlyMap<string, MeteredBoard> {
  return new Map(boards.map((metered) => [metered.board.id, metered]));
}

/** Null where the board was not read at that moment or on both sides of it. */
function boardAt(before: MeteredBoard | undefined, after: MeteredBoard, atNs: bigint): BoardAtMark | null {
  if (before === undefined || after.monotonicNs < atNs) return null;
  if (before.monotonicNs >= atNs) return { totals: before.totals, before, after: before };
  const part = Number(atNs - before.monotonicNs) / Number(after.monotonicNs - before.monotonicNs);
  return { totals: gpuTotalsBetween(before.totals, after.totals, part), before, after };
}

/** What is counted in ticks is that of every tick that the span touches. */
function boardBetween(start: BoardAtMark, end: BoardAtMark): MeteredBoard {
  return {
    ...end.after,
    totals: gpuTotalsAdded(start.totals, end.totals),
    gaps: end.after.gaps - start.before.gaps,
    untracedTicks: end.after.untracedTicks - start.before.untracedTicks,
    taskTicks: end.after.taskTicks - start.before.taskTicks,
  };
}

/** Whether the work was done in time; a timer of its own keeps no process open. */
export async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
    timer.unref();
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
