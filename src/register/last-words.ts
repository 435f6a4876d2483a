import { realpathSync } from "node:fs";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { Settings } from "../config/settings.ts";
import type { OtlpState } from "../exporters/otel/otlp/sink.ts";
import type { LastWords } from "../monitor/task-reporting.ts";

/** What a thread is given that writes for a process which has nothing but its last listeners left. */
export interface LastWordsOfProcess {
  readonly last: LastWords;
  /** What the exporter of the process has told so far; null where there is none. */
  readonly otlp: OtlpState | null;
  readonly settings: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly pid: number;
  /** The longest that the process waits, in milliseconds. */
  readonly timeoutMs: number;
  /** Its first number becomes 1 when all is written or given up. */
  readonly done: Int32Array<SharedArrayBuffer>;
  /** Takes a list of what went wrong, before that. */
  readonly problems: MessagePort;
}

/** Milliseconds that the end of the application may take longer, where a disk or a provider of intensities does not answer. */
const timeoutMs = 5000;

/**
 * Records and sends what is left while the process ends. No promise is resolved any more then, and a listener of `beforeExit` would make the application's own
 * ones be called twice: so another thread writes, and this one waits for it, for at most five seconds. Returns what went wrong, one sentence each.
 */
export function sayLastWords(words: Omit<LastWordsOfProcess, "done" | "timeoutMs" | "problems">): readonly string[] {
  if (!hasWorkingDirectory())
    return [`${lost}, because its working directory was removed and no thread can start there.`];
  const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const { port1, port2 } = new MessageChannel();
  const workerData: LastWordsOfProcess = { ...words, timeoutMs, done, problems: port2 };
  const thread = new Worker(new URL(threadModule, import.meta.url), {
    workerData,
    transferList: [port2],
    execArgv: [],
    // What the thread prints is not the application's.
    stdout: true,
    stderr: true,
  });
  thread.unref();
  if (Atomics.wait(done, 0, 0, timeoutMs) === "timed-out") {
    return [
      `${lost} within ${timeoutMs / 1000} s, or only in part; look at the disk of the ledger and at what is asked over the network.`,
    ];
  }
  const answer: unknown = receiveMessageOnPort(port1)?.message;
  return Array.isArray(answer) ? answer.map(String) : [`${lost}, because the thread that does it failed.`];
}

const lost = "What the process did last is not recorded or sent";

/** A thread starts where the process is, and fails without a word where that is nowhere. */
function hasWorkingDirectory(): boolean {
  try {
    realpathSync.native(".");
    return true;
  } catch {
    return false;
  }
}

/** The source where this runs from sources, the built file where it is built. */
const threadModule = import.meta.url.endsWith(".ts") ? "./last-words-thread.ts" : "./last-words-thread.js";
