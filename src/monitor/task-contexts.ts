import { AsyncLocalStorage, createHook } from "node:async_hooks";

/** What runs in a context: callbacks, promises and timers that were started in it, and all that they start. */
export interface TaskContext {
  readonly parent: TaskContext | null;
  readonly hasEnded: boolean;
  /** Held the event loop. */
  hold(milliseconds: number): void;
}

/** What ran where a context was begun. */
export interface OuterContext<Context> {
  readonly current: Context | null;
  readonly stored: Context | null | undefined;
}

/**
 * A hold of the loop that is longer may have been cut by others that had the CPU, or by waiting in a system call. Linux gives others some 3 ms at a time
 * (kernel/sched/fair.c, sysctl_sched_base_slice), so that a hold which was cut is mostly longer; reading the clock costs up to 25 us.
 */
const longHoldMs = 3;

/**
 * Follows which task holds the event loop. The runtime carries a task through awaits, timers, streams and callbacks
 * (AsyncLocalStorage) and says when a callback begins and ends (async_hooks); the clock is read only where the task changes. After a long hold the thread's
 * CPU clock is read too: time that the thread lacked since it was last read is taken from that hold, since a short one has not lost much.
 *
 * After the end of a task, its context stands for the nearest task around it that is still open, or for none.
 */
export class TaskContexts<Context extends TaskContext> {
  readonly #nowMs: () => number;
  readonly #threadCpuMs: () => number | null;
  readonly #storage = new AsyncLocalStorage<Context | null | undefined>();
  readonly #hook = createHook({ before: (id) => this.#before(id), after: (id) => this.#after(id) });
  readonly #openOf: (context: Context | null) => Context | null;
  #isWatching = false;
  #current: Context | null = null;
  #sinceMs = 0;
  /** The thread's CPU clock when it was last read, and how long tasks have held the loop since. */
  #readCpuMs: number | null = null;
  #heldSinceReadMs = 0;
  /** Callbacks that are under way, by the runtime's number, and what held the loop before each. */
  readonly #ids: number[] = [];
  readonly #outer: (Context | null)[] = [];

  /**
   * @param threadCpuMs CPU milliseconds of this thread; null where they are not known
   * @param openOf the context itself while it is open, else the nearest open one around it
   */
  constructor(
    nowMs: () => number,
    threadCpuMs: () => number | null,
    openOf: (context: Context | null) => Context | null,
  ) {
    this.#nowMs = nowMs;
    this.#threadCpuMs = threadCpuMs;
    this.#openOf = openOf;
  }

  /** The open task that runs here. */
  get active(): Context | null {
    return this.#openOf(this.#storage.getStore() ?? null);
  }

  /** Begins to watch; until then nothing of the runtime is touched. Safe to call twice. */
  watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#hook.enable();
  }

  /** From here on, until the end of the function that runs, and in everything that it awaits and starts. */
  enter(context: Context | null, atMs: number): void {
    this.#storage.enterWith(context);
    this.#switchTo(context, atMs);
  }

  /** Leaves a context that was entered here; where another one runs, nothing changes. */
  leave(context: Context, atMs: number): void {
    const open = this.#openOf(context);
    if (this.#storage.getStore() === context) this.#storage.enterWith(open);
    if (this.#current === context) this.#switchTo(open, atMs);
  }

  /** Runs a function in a context. What it throws passes through. */
  run<Result>(context: Context | null, work: () => Result): Result {
    const outer = this.begin(context);
    try {
      return work();
    } finally {
      this.end(outer);
    }
  }

  /**
   * The context holds from here to `end`, for what the caller calls in between: whoever calls it himself recurses deeper than through `run`. Where the
   * stack has no room left, what is called is not followed.
   */
  begin(context: Context | null): OuterContext<Context> {
    const outer = { current: this.#current, stored: this.#storage.getStore() };
    try {
      this.#storage.enterWith(context);
      this.#switchTo(context);
    } catch {
      // No room: `end` puts back what has been changed.
    }
    return outer;
  }

  end({ current, stored }: OuterContext<Context>): void {
    try {
      this.#storage.enterWith(stored);
      this.#switchTo(this.#openOf(current));
    } catch {
      // No room: who called us has more, and puts back his own.
    }
  }

  /** Charges what is under way up to now. */
  flush(): void {
    const nowMs = this.#nowMs();
    if (this.#current !== null) this.#charge(this.#current, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#readCpuMs = this.#threadCpuMs();
    this.#heldSinceReadMs = 0;
  }

  /** Nothing of the runtime is touched from then on. */
  close(): void {
    this.#hook.disable();
    this.#switchTo(null);
    this.#isWatching = false;
    this.#ids.length = 0;
    this.#outer.length = 0;
  }

  #switchTo(next: Context | null, atMs?: number): void {
    const current = this.#current;
    if (next === current) return;
    const nowMs = atMs ?? this.#nowMs();
    if (current !== null) this.#charge(current, nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
    this.#current = next;
  }

  #charge(context: Context, elapsedMs: number): void {
    const heldMs = elapsedMs > longHoldMs ? elapsedMs - this.#lackedMs(elapsedMs) : elapsedMs;
    this.#heldSinceReadMs += elapsedMs > longHoldMs ? 0 : elapsedMs;
    context.hold(heldMs);
  }

  #lackedMs(elapsedMs: number): number {
    const cpuMs = this.#threadCpuMs();
    const before = this.#readCpuMs;
    const expectedMs = this.#heldSinceReadMs + elapsedMs;
    this.#readCpuMs = cpuMs;
    this.#heldSinceReadMs = 0;
    if (cpuMs === null || before === null) return 0;
    return Math.min(elapsedMs, Math.max(0, expectedMs - (cpuMs - before)));
  }

  /** What a hook throws ends the process: where the stack has no room, the callback is not followed. */
  #before(id: number): void {
    try {
      this.#outer.push(this.#current);
      this.#ids.push(id);
      this.#switchTo(this.active);
    } catch {
      this.#outer.length = this.#ids.length;
    }
  }

  /** The end of a callback that threw may not be told: its entry goes with the next one around it. */
  #after(id: number): void {
    let outer: Context | null = null;
    try {
      for (let found = this.#ids.length === 0; !found; found = found || this.#ids.length === 0) {
        found = this.#ids.pop() === id;
        outer = this.#outer.pop() ?? null;
      }
      this.#switchTo(this.#openOf(outer));
    } catch {
      this.#current = outer;
    }
  }
}
