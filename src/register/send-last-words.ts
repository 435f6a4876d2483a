import { otlpFromEnvironment } from "../exporters/otel/otlp/sink.ts";
import { withCarbon } from "../monitor/interval-carbon.ts";
import { lastCarbon } from "./last-carbon.ts";
import type { LastWordsOfProcess } from "./last-words.ts";

/** Returns what went wrong. Sends the last interval over OTLP, as the exporter of the process would have. A third of the time is for its grams, and then the packaged intensities hold. */
export async function sendLastWords({
  last,
  otlp,
  settings,
  environment,
  timeoutMs,
}: LastWordsOfProcess): Promise<readonly string[]> {
  if (otlp === null || last.closed.interval.names.length === 0) return [];
  const sink = otlpFromEnvironment(environment, { state: otlp });
  if (sink === null) return [];
  const { stated, problems } = lastCarbon({ settings, environment }, timeoutMs / 3);
  sink.interval(await withCarbon(last.closed, stated, last.host));
  await sink.close();
  return [...problems, ...sink.problems];
}
