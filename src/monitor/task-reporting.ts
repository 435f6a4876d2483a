import { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } from "node:timers";
import type { SpanEstimator } from "../carbon/span-estimator.ts";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { type EndedAt, EndedTasks } from "./ended-tasks.ts";
import { carbonOf, type EnergyOfSpan, type StatedCarbon, withCarbon } from "./interval-carbon.ts";
import { type RecordSpan, RecordSpans, type SpanEnd } from "./record-span.ts";
import type { WatchedTask } from "./task.ts";
import { withoutFigures } from "./task-figures.ts";
import type { EndedTask, TaskSink } from "./task-interval.ts";
import { type ClosedInterval, type IntervalEdge, TaskIntervals } from "./task-intervals.ts";
import type { TaskRecords, TaskToRecord } from "./task-records.ts";
import { energyOfPart, type MeasuredProcess, sourceAlone } from "./task-statement.ts";

/** What a process leaves to others at its end: it can be handed to another thread. */
export interface LastWords {
  readonly closed: ClosedInterval;
  /** Null where there is nothing to record by span. */
  readonly span: RecordSpan | null;
  /** To be recorded one by one. */
  readonly tasks: readonly TaskToRecord[];
  /** The host's name; null where it is not known. */
  readonly host: string | null;
}

export interface TaskReportingOptions {
  readonly intervalSeconds: number;
  readonly recordIntervalSeconds: number;
  readonly clock: Clock;
  readonly nowMs: () => number;
  readonly host: string | null;
  /** Everything up to now. */
  readonly edge: () => IntervalEdge;
  /** Null where nothing can be read. */
  readonly measured: () => MeasuredProcess | null;
  /** Runs what is no task's, whoever asks for it. */
  readonly outside: <Result>(work: () => Result) => Result;
  /** Rejects where the settings name something that does not exist. */
  readonly estimator: () => Promise<SpanEstimator>;
}

/** So long an ended task waits for its energy. */
const longestWaitMs = 10_000;

/**
 * Hands on what the tasks used, interval by interval, to whoever takes it: exporters, and the records of a ledger. Nothing of it is waited for by
 * the application, and nothing that goes wrong reaches it; `problems` says what did.
 */
export class TaskReporting {
  readonly #options: TaskReportingOptions;
  readonly #sinks: TaskSink[] = [];
  readonly #failures = new Map<TaskSink, { count: number; last: string }>();
  readonly #ended: EndedTasks;
  #droppedEnded = 0;
  /** Takes the records' place at the end of a process that can wait for nothing any more. */
  #lastTasks: TaskToRecord[] | null = null;
  #records: TaskRecords | null = null;
  #intervals: TaskIntervals | null = null;
  /** Null where no records are written, or those of each task. */
  #spans: RecordSpans | null = null;
  #timer: NodeJS.Timeout | null = null;
  #estimator: Promise<SpanEstimator | null> | null = null;
  #carbonProblem: string | null = null;
  /** What went wrong here, and not in a sink. */
  #ownProblem: string | null = null;
  /** Intervals that are being handed on, one after the other. */
  #handing: Promise<void> = Promise.resolve();
  #isHanding = false;
  #isClosed = false;

  constructor(options: TaskReportingOptions) {
    this.#options = options;
    this.#ended = new EndedTasks({
      nowMs: options.nowMs,
      wallMs: () => options.clock.wallMs(),
      give: (ended) => this.#give(ended),
      longestWaitMs: () => (options.measured() === null ? 0 : longestWaitMs),
      drop: () => this.#dropEnded(),
    });
  }

  get problems(): readonly string[] {
    const dropped = this.#droppedEnded;
    const failures = [...this.#failures].map(
      ([{ name }, { count, last }]) =>
        `The sink ${typeof name === "string" ? name : "without a name"} failed ${count === 1 ? "once" : `${count} times`}, last with: ${last}`,
    );
    const dropping = `${dropped} ended tasks were handed to nobody, because too many ended at once; watch fewer with sampleRatio.`;
    return [
      ...[this.#carbonProblem, this.#ownProblem].filter((problem) => problem !== null),
      ...failures,
      ...(dropped === 0 ? [] : [dropping]),
      ...(this.#records?.problems ?? []),
    ];
  }

  addSink(sink: TaskSink): void {
    if (this.#isClosed) return;
    this.#sinks.push(sink);
    this.#begin();
  }

  record(records: TaskRecords): void {
    if (this.#isClosed) return;
    this.#records = records;
    this.#begin();
    if (!records.isOfTasks) this.#spans = new RecordSpans(this.#firstEdge(), this.#options.recordIntervalSeconds);
  }

  /** A watched task has ended. */
  ended(task: WatchedTask): void {
    try {
      if (this.#wantsEnded) this.#ended.add(task);
    } catch (error) {
      // The application is about to go on from the end of its task.
      this.#failed(error);
    }
  }

  /** After a reading: tasks whose energy is known by it are handed on. */
  sampled(): void {
    if (this.#wantsEnded) this.#ended.hand("due").catch((error: unknown) => this.#failed(error));
  }

  /** Ends the running interval and span, and what waits for its energy, for somebody who hands them on himself; null where nobody takes any. */
  lastWords(): LastWords | null {
    if (this.#intervals === null) return null;
    const edge = this.#options.edge();
    const closed = this.#intervals.close(edge);
    const tasks: TaskToRecord[] = [];
    this.#lastTasks = tasks;
    this.#ended.handNow();
    return { closed, span: this.#spans?.take(closed, edge, "last") ?? null, tasks, host: this.#options.host };
  }

  /** Ends the running interval, and waits until everybody has done with it, at most that long. */
  async flush(timeoutMs: number): Promise<void> {
    await this.#options.outside(async () => atMost(timeoutMs, this.#flush(timeoutMs)));
  }

  /** The same, for the last time. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#options.outside(async () => atMost(timeoutMs, this.#close(timeoutMs)));
  }

  get #wantsEnded(): boolean {
    return this.#records?.isOfTasks === true || this.#sinks.some((sink) => "ended" in sink);
  }

  #begin(): void {
    if (this.#intervals !== null) return;
    this.#options.outside(() => {
      this.#intervals = new TaskIntervals(this.#firstEdge());
      this.#timer = setInterval(() => this.#endInterval(), this.#options.intervalSeconds * 1000);
      this.#timer.unref();
    });
  }

  /** What was read between the beginning of the report and now belongs to the first interval. */
  #firstEdge(): IntervalEdge {
    const edge = this.#options.edge();
    return edge.report.tasks.length === 0 ? { ...edge, report: withoutFigures(edge.report) } : edge;
  }

  /** While the one before is still being handed on, the running one goes on: nothing piles up. */
  #endInterval(): void {
    if (!this.#isHanding) void this.#next("time");
  }

  async #flush(timeoutMs: number): Promise<void> {
    if (this.#intervals === null) return;
    // What is asked of others has half of the time; the rest is for writing.
    const hurry = setTimeout(() => void this.#hurry(), timeoutMs / 2);
    try {
      await this.#next(this.#isClosed ? "last" : "flush");
      await this.#records?.flush();
    } finally {
      clearTimeout(hurry);
    }
    await Promise.all(this.#sinks.map(async (sink) => this.#tell(sink, () => sink.flush?.())));
  }

  async #close(timeoutMs: number): Promise<void> {
    await this.#ended.hand("all").catch((error: unknown) => this.#failed(error));
    await this.#flush(timeoutMs);
    await this.#records?.close();
    await Promise.all(this.#sinks.map(async (sink) => this.#tell(sink, () => sink.close?.())));
  }

  /** Cuts the interval now, and hands it on when its turn comes. Never rejects. */
  async #next(asked: SpanEnd): Promise<void> {
    if (this.#intervals === null) return;
    try {
      const edge = this.#options.edge();
      const closed = this.#intervals.close(edge);
      this.#handing = this.#handing.then(async () => this.#hand(closed, edge, asked));
    } catch (error) {
      this.#failed(error);
    }
    await this.#handing;
  }

  /** Never rejects. */
  async #hand(closed: ClosedInterval, edge: IntervalEdge, asked: SpanEnd): Promise<void> {
    this.#isHanding = true;
    try {
      // With many names each step takes some milliseconds, and has a turn for itself.
      await nextTurn();
      const span = this.#spans?.take(closed, edge, asked) ?? null;
      if (span !== null) this.#records?.takeSpan(span, async (energy) => this.#carbonOf(energy));
      if (this.#sinks.length === 0) return;
      await nextTurn();
      const interval = await withCarbon(closed, async (energy) => this.#carbonOf(energy), this.#options.host);
      for (const sink of this.#sinks) void this.#tell(sink, () => sink.interval?.(interval));
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isHanding = false;
    }
  }

  #failed(error: unknown): void {
    this.#ownProblem = `Not everything was handed on to sinks and records: ${messageOf(error)}`;
  }

  #give({ task, wallMs }: EndedAt): void {
    const figures = task.figures();
    const startMs = wallMs - figures.durationSeconds * 1000;
    const ended: EndedTask = {
      ...figures,
      timestampStart: isoFromWallMs(startMs),
      timestampEnd: isoFromWallMs(wallMs),
    };
    for (const sink of this.#sinks) void this.#tell(sink, () => sink.ended?.(ended));
    if (this.#records?.isOfTasks !== true) return;
    const measured = this.#options.measured();
    const { marginalJoules, uncertainty } = figures;
    const energy =
      measured === null || marginalJoules === null
        ? null
        : energyOfPart(sourceAlone(measured), marginalJoules, uncertainty);
    const toRecord = { task: ended, energy, startMs, endMs: wallMs };
    if (this.#lastTasks === null) this.#records.takeTask(toRecord, async (span) => this.#carbonOf(span));
    else this.#lastTasks.push(toRecord);
  }

  #dropEnded(): void {
    this.#droppedEnded += 1;
    if (this.#records?.isOfTasks === true) this.#records.drop("too many tasks ended at once");
  }

  async #carbonOf(span: EnergyOfSpan): Promise<StatedCarbon> {
    const opened = await this.#openEstimator();
    return opened === null ? { carbon: null, problem: this.#carbonProblem } : carbonOf(opened.estimator, span);
  }

  /** Null where the settings name something that does not exist; `problems` then says what. */
  async #openEstimator(): Promise<SpanEstimator | null> {
    this.#estimator ??= this.#options.estimator().catch((error: unknown) => {
      this.#carbonProblem = messageOf(error);
      return null;
    });
    return this.#estimator;
  }

  async #hurry(): Promise<void> {
    (await this.#openEstimator())?.hurry(this.#isClosed);
  }

  /** What it throws or rejects with is counted. */
  async #tell(sink: TaskSink, call: () => unknown): Promise<void> {
    try {
      await call();
    } catch (error) {
      const count = (this.#failures.get(sink)?.count ?? 0) + 1;
      this.#failures.set(sink, { count, last: messageOf(error) });
    }
  }
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}

/** Resolves with the work, or after that time. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const isOver = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    await Promise.race([work, isOver]);
  } finally {
    clearTimeout(timer);
  }
}
