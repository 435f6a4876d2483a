import { openSpanEstimator } from "../carbon/span-estimator.ts";
import { systemClock as clock } from "../clock.ts";
import { withCarbon } from "../monitor/interval-carbon.ts";
import { openTaskRecords } from "../monitor/task-records.ts";
import type { LastWords } from "./last-words.ts";

/** Gives an interval its grams and writes its records; never rejects for what a ledger says. After half of the time, intensities are the packaged ones. */
export async function recordLastInterval(words: LastWords): Promise<void> {
  const { last, settings, environment, workingDirectory, pid, timeoutMs } = words;
  if (settings.ledger === undefined) return;
  const estimating = openSpanEstimator(settings, { environment, clock });
  setTimeout(() => estimating.hurry(true), timeoutMs / 2).unref();
  const { names } = await withCarbon(last, estimating.estimator, last.host);
  const surroundings = { environment, workingDirectory, clock, pid, host: last.host };
  const records = openTaskRecords(settings.ledger, settings, surroundings);
  for (const [index, name] of names.entries()) {
    records.takeName(name, last.energies[index] ?? null, (last.endMs - last.energySinceMs) / 1000);
  }
  await records.close();
}
