import { Worker } from "node:worker_threads";
import type { Settings } from "../config/settings.ts";
import type { LastInterval } from "../monitor/task-intervals.ts";

/** What a thread is given that writes for a process which has nothing but its last listeners left. */
export interface LastWords {
  readonly last: LastInterval;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly pid: number;
  /** The longest that the process waits, in milliseconds. */
  readonly timeoutMs: number;
  /** Its first number becomes 1 when all is written or given up. */
  readonly done: Int32Array<SharedArrayBuffer>;
}

/** Milliseconds that the end of the application may take longer, where a disk or a provider of intensities does not answer. */
const timeoutMs = 5000;

/**
 * Records the last interval while the process ends. No promise is resolved any more then, and a listener of `beforeExit` would make the application's own
 * ones be called twice: so another thread writes, and this one waits for it, for at most five seconds.
 */
export function sayLastWords(words: Omit<LastWords, "done" | "timeoutMs">): void {
  const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: LastWords = { ...words, timeoutMs, done };
  const thread = new Worker(new URL(threadModule, import.meta.url), {
    workerData,
    execArgv: [],
    // What the thread prints is not the application's.
    stdout: true,
    stderr: true,
  });
  thread.unref();
  Atomics.wait(done, 0, 0, timeoutMs);
}

/** The source where this runs from sources, the built file where it is built. */
const threadModule = import.meta.url.endsWith(".ts") ? "./last-words-thread.ts" : "./last-words-thread.js";
