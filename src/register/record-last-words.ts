import { openSpanEstimator } from "../carbon/span-estimator.ts";
import { systemClock as clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { carbonOf, type EnergyOfSpan, type StatedCarbon } from "../monitor/interval-carbon.ts";
import { openTaskRecords } from "../monitor/task-records.ts";
import type { LastWordsOfProcess } from "./last-words.ts";

/** Gives what is left its grams and writes its records; never rejects for what a ledger says: returns it, one sentence each. After half of the time, intensities are the packaged ones. */
export async function recordLastWords(words: LastWordsOfProcess): Promise<readonly string[]> {
  const { last, settings, environment, workingDirectory, pid } = words;
  const { span, tasks, host } = last;
  if (settings.ledger === undefined || (span === null && tasks.length === 0)) return [];
  const { stated, problems } = estimating(words);
  const records = openTaskRecords(settings.ledger, settings, { environment, workingDirectory, clock, pid, host });
  if (span !== null) records.takeSpan(span, stated);
  for (const task of tasks) records.takeTask(task, stated);
  await records.close();
  return [...problems, ...records.problems];
}

interface Estimating {
  readonly stated: (energy: EnergyOfSpan) => Promise<StatedCarbon>;
  readonly problems: readonly string[];
}

/** Without an estimator, because of a setting, say, the records are counted as not written, each with the reason. */
function estimating({ settings, environment, timeoutMs }: LastWordsOfProcess): Estimating {
  try {
    const opened = openSpanEstimator(settings, { environment, clock });
    setTimeout(() => opened.hurry(true), timeoutMs / 2).unref();
    return { stated: async (energy) => carbonOf(opened.estimator, energy), problems: [] };
  } catch (error) {
    const problem = messageOf(error);
    return { stated: async () => ({ carbon: null, problem }), problems: [problem] };
  }
}
