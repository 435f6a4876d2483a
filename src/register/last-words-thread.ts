import { workerData } from "node:worker_threads";
import type { LastWords } from "./last-words.ts";

/** The thread of `sayLastWords`. Whatever fails, modules that cannot be loaded included, the process that waits is let go. */
const words: LastWords = workerData;
try {
  const { recordLastInterval } = await import("./record-last-interval.ts");
  await recordLastInterval(words);
} finally {
  Atomics.store(words.done, 0, 1);
  Atomics.notify(words.done, 0);
}
