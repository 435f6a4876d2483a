import type { AttributionTotals } from "../attribution/accumulator.ts";
import { type AccountTick, type CurrentTick, TaskAccount } from "../attribution/task-account.ts";
import type { OuterContext, TaskContext } from "./task-contexts.ts";
import type { TaskFigures, TaskOutcome } from "./task-figures.ts";
import { TaskName } from "./task-names.ts";
import type { TaskSignals } from "./task-signals.ts";
import type { WatchedWorker } from "./worker-threads.ts";

export interface TaskOptions {
  /** Written into what is recorded of this task. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** Ends the task as cancelled when it is aborted; what the task does is up to the application. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Watches this part of the calls only, in (0, 1]: for functions that are called so often that watching each would cost too much. Each watched
   * call stands for 1 / sampleRatio of them, so that the figures of the name are right on average; default 1.
   */
  readonly sampleRatio?: number | undefined;
  /** False: the task does not begin to run here, but in the functions that are given to its `run`; default true. */
  readonly enter?: boolean | undefined;
  /** True: the task is in no other one, whatever runs here: a request is no part of the one before it on its connection. Default false. */
  readonly isRoot?: boolean | undefined;
  /**
   * Where the name is known late: asked for when the task ends, and before figures are read, for what the task has had until then. Calls count when they
   * end. What it throws is swallowed, and the first name then stands.
   */
  readonly nameLater?: (() => string) | undefined;
}

/** A task of this process: what happens in it until it ends, through awaits, timers, streams and callbacks. */
export interface Task extends Disposable {
  readonly name: string;
  /** False where this call is one of those that sampling leaves out: nothing is known of it alone. */
  readonly isWatched: boolean;
  readonly hasEnded: boolean;
  /** The first end counts, wherever it comes from; later ones do nothing. Never throws. */
  end(outcome?: TaskOutcome): void;
  /** Runs a function, and all that it starts, in this task. What it returns or throws passes through. */
  run<Result>(work: () => Result): Result;
  /**
   * Charges this task with the CPU time of a worker thread while it is open, in equal parts with other tasks that do so. The task that
   * creates a worker does it by itself. False for a worker that was created before the logger was opened.
   */
  chargeWorker(worker: object): boolean;
  /** What is known so far; null where this call is not watched. */
  figures(): TaskFigures | null;
}

/** What a task needs of the process that it runs in. */
export interface TaskSurroundings {
  readonly now: CurrentTick;
  readonly nowMs: () => number;
  readonly totals: () => AttributionTotals;
  readonly signals: TaskSignals;
  held(milliseconds: number, namedMs: number): void;
  leave(task: WatchedTask, atMs: number): void;
  ended(task: WatchedTask): void;
  readonly contexts: RunningContexts;
  /** The stack had no room for all of its end: it is to be finished later. */
  unfinished(task: WatchedTask): void;
  /** A name or labels that the application gave, whatever they are. */
  nameOf(name: unknown): string;
  labelsOf(labels: unknown): Readonly<Record<string, string>> | null;
  /** Whom a name stands for from now on, as figures show it. */
  named(name: string): TaskName;
  worker(worker: object): WatchedWorker | null;
  figures(task: WatchedTask): TaskFigures;
}

interface RunningContexts {
  begin(context: WatchedTask | null): OuterContext<WatchedTask>;
  end(outer: OuterContext<WatchedTask>): void;
}

export class WatchedTask implements Task, TaskContext {
  readonly account: TaskAccount;
  /** What each watched call of this name stands for: 1 / sampleRatio. */
  readonly weight: number;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly startMs: number;
  readonly startTotals: AttributionTotals;
  readonly #surroundings: TaskSurroundings;
  readonly #signal: AbortSignal | undefined;
  readonly #nameLater: (() => string) | null;
  #name: string;
  #named: TaskName;
  #parent: WatchedTask | null;
  #outcome: TaskOutcome | null = null;
  #endMs: number | null = null;
  #endTotals: AttributionTotals | null = null;
  /** What ended children had; null while there are none. */
  #ofChildren: TaskAccount | null = null;
  #openChildren = 0;
  #workers: Set<WatchedWorker> | null = null;
  /** How much of its end has been done. */
  #endSteps = 0;

  constructor(
    name: string,
    named: TaskName,
    parent: WatchedTask | null,
    options: TaskOptions,
    surroundings: TaskSurroundings,
  ) {
    this.#surroundings = surroundings;
    this.account = new TaskAccount(surroundings.now);
    this.#named = named;
    this.#name = name;
    this.#nameLater = nameLaterOf(options);
    this.weight = 1 / sampleRatioOf(options);
    this.labels = surroundings.labelsOf(options.labels);
    this.startMs = surroundings.nowMs();
    this.startTotals = surroundings.totals();
    this.#parent = parent;
    this.#signal = options.signal;
    if (this.#signal !== undefined) surroundings.signals.add(this.#signal, this);
    if (parent !== null) parent.#openChildren += 1;
  }

  get isWatched(): true {
    return true;
  }

  get name(): string {
    return this.#name;
  }

  /** While the name is not known, one that stands for this task alone. */
  get named(): TaskName {
    return this.#named;
  }

  get hasEnded(): boolean {
    return this.#outcome !== null;
  }

  /** Whether the energy of every tick so far is known. */
  get isSettled(): boolean {
    return this.account.isSettled && (this.#ofChildren?.isSettled ?? true);
  }

  get outcome(): TaskOutcome | null {
    return this.#outcome;
  }

  /** Null while it is open. */
  get endMs(): number | null {
    return this.#endMs;
  }

  get endTotals(): AttributionTotals {
    return this.#endTotals ?? this.#surroundings.totals();
  }

  get openChildren(): number {
    return this.#openChildren;
  }

  get ofChildren(): TaskAccount | null {
    return this.#ofChildren;
  }

  /** The nearest task around this one that is still open, once this one has ended; before, the one around it. */
  get parent(): WatchedTask | null {
    while (this.#parent?.hasEnded === true) this.#parent = this.#parent.#parent;
    return this.#parent;
  }

  hold(milliseconds: number): void {
    this.account.hold(milliseconds);
    const rest = this.#share(milliseconds, giveHeld);
    this.#surroundings.held(milliseconds, milliseconds - rest);
  }

  /** CPU seconds of another thread that worked for this task. */
  addCpu(cpuSeconds: number, tick: AccountTick): void {
    this.account.addCpu(cpuSeconds, tick);
    this.#share(cpuSeconds, (named, part) => named.addCpu(part, tick));
  }

  end(outcome: TaskOutcome = "completed"): void {
    if (this.hasEnded) return;
    this.#outcome = outcome;
    try {
      this.finish();
    } catch {
      this.#finishLater();
    }
  }

  /** What the end of a task has to do, from where it was left: deep in a recursion the stack may have no room for all of it. */
  finish(): void {
    this.#endMs ??= this.#surroundings.nowMs();
    if (this.#endSteps < 1) {
      this.#surroundings.leave(this, this.#endMs);
      this.#endSteps = 1;
    }
    if (this.#endSteps < 2) {
      for (const worker of this.#workers ?? []) worker.release(this);
      this.#endTotals ??= this.#surroundings.totals();
      if (this.#signal !== undefined) this.#surroundings.signals.remove(this.#signal, this);
      this.#countAsEnded(this.#outcome ?? "completed", this.#endMs - this.startMs);
      this.#endSteps = 2;
    }
    if (this.#endSteps < 3) {
      this.#reportToParent();
      this.#endSteps = 3;
    }
    this.#surroundings.ended(this);
  }

  /** Without another function in between, which a recursion through tasks would have to keep too. */
  run<Result>(work: () => Result): Result {
    const { contexts } = this.#surroundings;
    let outer: OuterContext<WatchedTask> | null = null;
    try {
      outer = contexts.begin(this.hasEnded ? this.parent : this);
    } catch {
      // The stack has no room: the work runs unmeasured.
    }
    try {
      return work();
    } finally {
      try {
        if (outer !== null) contexts.end(outer);
      } catch {
        // No room again: what runs around this puts back its own.
      }
    }
  }

  chargeWorker(worker: object): boolean {
    if (this.hasEnded) return false;
    const watched = this.#surroundings.worker(worker);
    if (watched === null) return false;
    this.#workers ??= new Set();
    this.#workers.add(watched);
    watched.claim(this);
    return true;
  }

  figures(): TaskFigures {
    return this.#surroundings.figures(this);
  }

  /** Gives what it had so far to the name that is known now; nothing where the name was known from the start. */
  giveToName(): void {
    if (this.#nameLater === null || this.hasEnded) return;
    const unnamed = this.#named;
    this.#name = this.#laterName(this.#nameLater);
    this.#surroundings.named(this.#name).account.add(unnamed.account);
    this.#named = new TaskName(this.#name, this.#surroundings.now);
  }

  /** What the signal does. */
  abort(): void {
    this.end("cancelled");
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #finishLater(): void {
    try {
      this.#surroundings.unfinished(this);
    } catch {
      // Not even for this.
    }
  }

  #countAsEnded(outcome: TaskOutcome, durationMs: number): void {
    if (this.#nameLater !== null) {
      const unnamed = this.#named;
      this.#name = this.#laterName(this.#nameLater);
      this.#named = this.#surroundings.named(this.#name);
      this.#named.account.add(unnamed.account);
      this.#named.begin(this.weight, this.labels);
    }
    this.#named.end(outcome, this.weight, durationMs);
  }

  #laterName(nameLater: () => string): string {
    try {
      return this.#surroundings.nameOf(nameLater());
    } catch {
      return this.#name;
    }
  }

  /** What it had, and its children that go on, are from now on those of the nearest open task around it. */
  #reportToParent(): void {
    const { parent } = this;
    if (parent === null) return;
    parent.#openChildren += this.#openChildren - 1;
    parent.#ofChildren ??= new TaskAccount(this.#surroundings.now);
    parent.#ofChildren.add(this.account);
    if (this.#ofChildren !== null) parent.#ofChildren.add(this.#ofChildren);
  }

  /**
   * Gives names their parts of an amount. A task that stands for w calls of its name has w parts of it, and 1 - w fall to what is around
   * it: there, the calls that were not watched are charged as its own, and on average the two cancel out. Answers what is left for outside tasks.
   */
  #share(amount: number, give: (named: TaskAccount, part: number) => void): number {
    give(this.named.account, amount * this.weight);
    let rest = amount * (1 - this.weight);
    for (let { parent } = this; parent !== null && rest !== 0; { parent } = parent) {
      give(parent.named.account, rest * parent.weight);
      rest *= 1 - parent.weight;
    }
    return rest;
  }
}

/** 1 where all calls are watched, and for anything that is no ratio. */
export function sampleRatioOf({ sampleRatio = 1 }: TaskOptions): number {
  return sampleRatio > 0 && sampleRatio < 1 ? sampleRatio : 1;
}

export function nameLaterOf({ nameLater }: TaskOptions): (() => string) | null {
  return typeof nameLater === "function" ? nameLater : null;
}

function giveHeld(named: TaskAccount, milliseconds: number): void {
  named.hold(milliseconds);
}
