import { clearInterval, setInterval } from "node:timers";
import { type AttributionTotals, zeroTotals } from "../attribution/accumulator.ts";
import { type ProcessShares, TaskShares } from "../attribution/task-shares.ts";
import type { HostRoots } from "../host/roots.ts";
import { ownThreadCpuClock, type ThreadCpuClock } from "../host/thread-cpu.ts";
import { ActivePower } from "./active-power.ts";
import { givenLabels, givenName, givenTaskOptions, type Remark } from "./given-values.ts";
import type { Moment } from "./moment.ts";
import { type OwnProcess, windowBetween } from "./own-process.ts";
import { nameLaterOf, sampleRatioOf, type Task, type TaskOptions, type TaskSurroundings, WatchedTask } from "./task.ts";
import { type OuterContext, TaskContexts } from "./task-contexts.ts";
import type { TaskFigures } from "./task-figures.ts";
import { TaskName, TaskNames } from "./task-names.ts";
import { TaskSignals } from "./task-signals.ts";
import { UnwatchedTask } from "./unwatched-task.ts";
import { WorkerThreads } from "./worker-threads.ts";

/** Seconds of a tick, in which tasks share by CPU time. */
export const taskTickSeconds = 0.1;

/** Ticks without a task, after which there are none until the next one. */
const quietTicks = 10;

export interface ProcessTasksOptions {
  readonly roots: HostRoots;
  /** Null where no energy can be read: CPU time is then known alone. */
  readonly own: OwnProcess | null;
  /** Milliseconds of a monotonic clock, in fractions. */
  readonly nowMs: () => number;
  /** CPU seconds of all threads of this process. */
  readonly processCpuSeconds: () => number;
  /** Told what is wrong with names and labels. */
  readonly remark?: Remark | undefined;
  /** In [0, 1), for sampling. */
  readonly random: () => number;
  readonly figures: (task: WatchedTask) => TaskFigures;
  /** Told of each watched task that ends. */
  readonly ended?: ((task: WatchedTask) => void) | undefined;
}

/** What ran where a task began to run. */
export type OuterTask = OuterContext<WatchedTask>;

/**
 * The tasks of this process: who they are, which of them runs, and the ticks in which they share its CPU time and energy. Nothing
 * is read and no timer runs until the first task starts, nor while there is none.
 */
export class ProcessTasks {
  readonly #names: TaskNames;
  /** Open tasks whose name is not known yet. */
  readonly #unnamed = new Set<WatchedTask>();
  /** Those that ended where the stack had no room for it. */
  readonly #unfinished = new Set<WatchedTask>();
  readonly #options: ProcessTasksOptions;
  readonly #shares = new TaskShares();
  readonly #contexts: TaskContexts<WatchedTask>;
  readonly #workers: WorkerThreads;
  readonly #surroundings: TaskSurroundings;
  readonly #power: ActivePower | null;
  #loopClock: ThreadCpuClock | null = null;
  #timer: NodeJS.Timeout | null = null;
  #hasBegun = false;
  #isClosed = false;
  #openTasks = 0;
  #startedTasks = 0;
  #quietTicks = 0;
  #startedAtTick = 0;
  #tickMs = 0;
  #processCpuSeconds = 0;
  #loopCpuSeconds: number | null = null;
  /** When the first task started. */
  #first: Moment | null = null;
  /** At the end of the last window; null before it. */
  #windowTotals: AttributionTotals | null = null;
  #windowChildCpuSeconds = 0;
  #windowSilences = 0;

  constructor(options: ProcessTasksOptions) {
    this.#options = options;
    const { own, nowMs, remark = saysNothing } = options;
    this.#names = new TaskNames(this.#shares.now);
    this.#contexts = new TaskContexts<WatchedTask>(nowMs, () => this.#threadCpuMs(), openOf);
    this.#workers = new WorkerThreads(options.roots, () => this.#contexts.active);
    this.#power = own === null ? null : new ActivePower(own.source, () => idleWattsOf(own));
    this.#surroundings = {
      now: this.#shares.now,
      nowMs,
      totals: () => own?.sampler.totals ?? zeroTotals,
      signals: new TaskSignals(),
      held: (milliseconds, namedMs) => this.#shares.held(milliseconds, namedMs),
      leave: (task, atMs) => {
        this.#unnamed.delete(task);
        this.#contexts.leave(task, atMs);
        this.#openTasks -= 1;
      },
      unfinished: (task) => this.#unfinished.add(task),
      named: (name) => this.#names.of(name),
      nameOf: (name) => givenName(name, remark),
      labelsOf: (labels) => givenLabels(labels, remark),
      ended: (task) => options.ended?.(task),
      contexts: this.#contexts,
      worker: (worker) => this.#workers.of(worker),
      figures: (task) => {
        if (!task.hasEnded && !this.#isClosed) this.#contexts.flush();
        return options.figures(task);
      },
    };
  }

  /** With all that tasks have had so far: those whose name is not known yet give theirs to the name that is known now. */
  get names(): TaskNames {
    for (const task of this.#unnamed) task.giveToName();
    return this.#names;
  }

  /** Tasks that were started so far, nested ones too: those that sampling left out are not among them. */
  get startedTasks(): number {
    return this.#startedTasks;
  }

  get openTasks(): number {
    return this.#openTasks;
  }

  /** Totals of the process when the first task started, and those of now while a reading of then has not arrived, or none has started. */
  get firstTotals(): AttributionTotals {
    if (this.#first === null) return this.#options.own?.sampler.totals ?? zeroTotals;
    return (this.#first.start ?? this.#first.end ?? this.#options.own?.sampler.latest.end)?.totals ?? zeroTotals;
  }

  get shares(): ProcessShares {
    return this.#shares.shares();
  }

  /** Never throws. After `close`, tasks run as before and nothing is known of them. */
  start(name: string, options?: TaskOptions): Task {
    try {
      const given = givenTaskOptions(options, this.#options.remark ?? saysNothing);
      if (typeof name !== "string") return this.#start(this.#surroundings.nameOf(name), given);
      return this.#start(name, given);
    } catch {
      // Options from plain JavaScript may be anything; the task runs as it would without us.
      return new UnwatchedTask(name);
    }
  }

  #start(name: string, options: TaskOptions): Task {
    if (this.#isClosed || this.#isLeftOut(sampleRatioOf(options))) return new UnwatchedTask(name);
    this.#begin();
    const isNamed = nameLaterOf(options) === null;
    const named = isNamed ? this.#names.of(name) : new TaskName(name, this.#shares.now);
    const around = options.isRoot === true ? null : this.#contexts.active;
    const task = new WatchedTask(name, named, around, options, this.#surroundings);
    // First what needs most of the stack: where there is no room for it, nothing has been counted.
    if (options.enter !== false) this.#contexts.enter(task, task.startMs);
    if (isNamed) named.begin(task.weight, task.labels);
    else this.#unnamed.add(task);
    this.#openTasks += 1;
    this.#startedTasks += 1;
    if (options.signal?.aborted === true) task.end("cancelled");
    return task;
  }

  /** The task runs from here to `leave`, as in its own `run`. Null where it is not watched. */
  enter(task: Task): OuterTask | null {
    return task instanceof WatchedTask ? this.#contexts.begin(task) : null;
  }

  /** Never throws. */
  leave(outer: OuterTask): void {
    this.#contexts.end(outer);
  }

  /**
   * Ends the tick, now. Who reads the source right after leaves power as it was: a source may tell of a failure once, and that is for the
   * reader.
   */
  endTick(asksForPower = false): void {
    if (!this.#hasBegun || this.#isClosed) return;
    this.#finishEnded();
    this.#contexts.flush();
    const { nowMs, processCpuSeconds } = this.#options;
    const now = nowMs();
    const allSeconds = processCpuSeconds();
    const loop = this.#loopClock?.seconds() ?? null;
    const before = this.#loopCpuSeconds;
    this.#shares.endTick({
      durationSeconds: (now - this.#tickMs) / 1000,
      processCpuSeconds: allSeconds - this.#processCpuSeconds,
      loopCpuSeconds: loop === null || before === null ? null : loop - before,
      charges: this.#workers.take(),
      activeWatts: (asksForPower ? this.#power?.look() : this.#power?.watts) ?? null,
    });
    this.#tickMs = now;
    this.#processCpuSeconds = allSeconds;
    this.#loopCpuSeconds = loop;
  }

  /** After the sampler advanced: what it added becomes that of the tasks. While its source is silent the window goes on, unless nothing follows. */
  endWindow(isLast = false): void {
    const { own } = this.#options;
    if (!this.#hasBegun || this.#isClosed || own === null) return;
    const { totals, silences, isSilent } = own.sampler;
    const before = this.#windowTotals ?? this.firstTotals;
    if (totals.tickCount <= before.tickCount || (isSilent && !isLast)) return;
    const childCpuSeconds = own.childCpuSeconds();
    const hadSilence = silences > this.#windowSilences;
    this.#shares.endWindow(windowBetween(before, totals, childCpuSeconds - this.#windowChildCpuSeconds, hadSilence));
    this.#windowTotals = totals;
    this.#windowChildCpuSeconds = childCpuSeconds;
    this.#windowSilences = silences;
  }

  /** Where readings that arrived late were added without a tick: they are the tasks' too. */
  catchUp(): void {
    const tickCount = this.#options.own?.sampler.totals.tickCount ?? 0;
    if (tickCount <= (this.#windowTotals ?? this.firstTotals).tickCount) return;
    this.endTick();
    this.endWindow();
  }

  close(): void {
    if (this.#isClosed) return;
    this.endTick();
    this.endWindow(true);
    this.#isClosed = true;
    this.#stopTicking();
    this.#contexts.close();
    this.#workers.close();
    this.#loopClock?.close();
  }

  #finishEnded(): void {
    for (const task of this.#unfinished) {
      this.#unfinished.delete(task);
      try {
        task.finish();
      } catch {
        // It has been tried with all of the stack.
      }
    }
  }

  #isLeftOut(ratio: number): boolean {
    return ratio < 1 && !(this.#options.random() < ratio);
  }

  /** The process's CPU time is asked for first, which brings the thread's clock up to date. */
  #threadCpuMs(): number | null {
    if (this.#loopClock === null) return null;
    this.#options.processCpuSeconds();
    const seconds = this.#loopClock.seconds();
    return seconds === null ? null : seconds * 1000;
  }

  /** Runs what is not the application's, wherever it is called: neither it nor what it starts is a task's. */
  outside<Result>(work: () => Result): Result {
    return this.#hasBegun ? this.#contexts.run(null, work) : work();
  }

  /** From now on it is known what the process does, though no task has started. */
  begin(): void {
    if (!this.#isClosed) this.#begin();
  }

  #begin(): void {
    if (this.#timer !== null) return;
    if (this.#hasBegun) this.endTick();
    else this.#beginFirst();
    this.#quietTicks = 0;
    this.#timer = setInterval(() => this.#tick(), taskTickSeconds * 1000);
    this.#timer.unref();
  }

  #beginFirst(): void {
    const { own, roots, nowMs, processCpuSeconds } = this.#options;
    this.#loopClock = ownThreadCpuClock(roots);
    this.#first = own?.sampler.beginSpan() ?? null;
    this.#windowSilences = own?.sampler.silences ?? 0;
    this.#windowChildCpuSeconds = own?.childCpuSeconds() ?? 0;
    this.#power?.look();
    this.#contexts.watch();
    this.#contexts.flush();
    this.#workers.take();
    this.#tickMs = nowMs();
    this.#processCpuSeconds = processCpuSeconds();
    this.#loopCpuSeconds = this.#loopClock?.seconds() ?? null;
    this.#hasBegun = true;
  }

  /** A reading that throws would end the application: the next tick has what this one has not. */
  #tick(): void {
    try {
      this.endTick(true);
    } catch {
      return;
    }
    const isQuiet = this.#openTasks === 0 && this.#startedTasks === this.#startedAtTick;
    this.#quietTicks = isQuiet ? this.#quietTicks + 1 : 0;
    this.#startedAtTick = this.#startedTasks;
    if (this.#quietTicks >= quietTicks) this.#stopTicking();
  }

  #stopTicking(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

function saysNothing(): void {
  // Nobody asked.
}

function openOf(task: WatchedTask | null): WatchedTask | null {
  return task?.hasEnded === true ? task.parent : task;
}

function idleWattsOf({ sampler }: OwnProcess): number {
  return sampler.idleWatts;
}
