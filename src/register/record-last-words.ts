import { systemClock as clock } from "../clock.ts";
import { openTaskRecords } from "../monitor/task-records.ts";
import { lastCarbon } from "./last-carbon.ts";
import type { LastWordsOfProcess } from "./last-words.ts";

/** Gives what is left its grams and writes its records; never rejects for what a ledger says: returns it, one sentence each. After half of the time, intensities are the packaged ones. */
export async function recordLastWords(words: LastWordsOfProcess): Promise<readonly string[]> {
  const { last, settings, environment, workingDirectory, pid } = words;
  const { span, tasks, host } = last;
  if (settings.ledger === undefined || (span === null && tasks.length === 0)) return [];
  const { stated, problems } = lastCarbon(words, words.timeoutMs / 2);
  const records = openTaskRecords(settings.ledger, settings, { environment, workingDirectory, clock, pid, host });
  if (span !== null) records.takeSpan(span, stated);
  for (const task of tasks) records.takeTask(task, stated);
  await records.close();
  return [...problems, ...records.problems];
}
