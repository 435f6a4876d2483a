import type { WatchedTask } from "./task.ts";

/** A task that has ended, at milliseconds since 1970. */
export interface EndedAt {
  readonly task: WatchedTask;
  readonly wallMs: number;
}

/** Each keeps some hundred bytes until its energy is known, a second or so later. */
const maximumWaiting = 50_000;

/** Milliseconds for which the event loop is held at a time. */
const sliceMs = 2;

export interface EndedTasksOptions {
  readonly nowMs: () => number;
  readonly wallMs: () => number;
  /** Takes a task out of the queue. */
  readonly give: (ended: EndedAt) => void;
  /** Longest wait for the energy of a task, in milliseconds: a source may be silent for long. */
  readonly longestWaitMs: () => number;
  /** Told of each task that finds no room. */
  readonly drop: () => void;
}

/** Tasks that have ended wait here, in order, for the energy of their last tick. */
export class EndedTasks {
  readonly #options: EndedTasksOptions;
  #waiting: EndedAt[] = [];
  /** Those before it have been given. */
  #next = 0;
  #handing: Promise<void> | null = null;

  constructor(options: EndedTasksOptions) {
    this.#options = options;
  }

  add(task: WatchedTask): void {
    if (this.#waiting.length - this.#next >= maximumWaiting) this.#options.drop();
    else this.#waiting.push({ task, wallMs: this.#options.wallMs() });
  }

  /** Hands on those that have waited for long enough, or all; a little at a time, so that the application goes on meanwhile. */
  async hand(which: "due" | "all"): Promise<void> {
    if (which === "due" && this.#handing !== null) return;
    while (this.#handing !== null) await this.#handing;
    this.#handing = this.#hand(which);
    try {
      await this.#handing;
    } finally {
      this.#handing = null;
    }
  }

  /** Hands on all of them in one go, where the process can wait for nothing any more. */
  handNow(): void {
    const rest = this.#waiting.slice(this.#next);
    this.#waiting = [];
    this.#next = 0;
    for (const ended of rest) this.#options.give(ended);
  }

  async #hand(which: "due" | "all"): Promise<void> {
    const { nowMs, give, longestWaitMs } = this.#options;
    const isFull = this.#waiting.length - this.#next >= maximumWaiting;
    const dueMs = which === "all" || isFull ? Number.POSITIVE_INFINITY : nowMs() - longestWaitMs();
    for (let untilMs = nowMs() + sliceMs; ; ) {
      const ended = this.#waiting[this.#next];
      if (ended === undefined || !(ended.task.isSettled || (ended.task.endMs ?? 0) <= dueMs)) break;
      this.#next += 1;
      give(ended);
      if (nowMs() < untilMs) continue;
      await nextTurn();
      untilMs = nowMs() + sliceMs;
    }
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
