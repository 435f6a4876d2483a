import { workerData } from "node:worker_threads";
import type { LastWordsOfProcess } from "./last-words.ts";

/** The thread of `sayLastWords`. Whatever fails, modules that cannot be loaded included, the process that waits is let go. */
const words: LastWordsOfProcess = workerData;

async function record(): Promise<readonly string[]> {
  const { recordLastWords } = await import("./record-last-words.ts");
  return recordLastWords(words);
}

async function send(): Promise<readonly string[]> {
  const { sendLastWords } = await import("./send-last-words.ts");
  return sendLastWords(words);
}

/** What a rejection says is a problem too. */
async function problemsOf(work: Promise<readonly string[]>): Promise<readonly string[]> {
  return work.catch((error: unknown) => [String(error instanceof Error ? error.message : error)]);
}

try {
  words.problems.postMessage((await Promise.all([problemsOf(record()), problemsOf(send())])).flat());
} finally {
  Atomics.store(words.done, 0, 1);
  Atomics.notify(words.done, 0);
}
