import type { Clock } from "../clock.ts";
import type { IntensityLookup, ZoneIntensity } from "../intensity/intensity.ts";
import { type IntensitySettings, type IntensitySurroundings, openIntensity } from "../intensity/open-intensity.ts";
import { CarbonEstimator, type CarbonEstimatorOptions } from "./estimator.ts";

/** Estimates many energies of one span, one span after the other. */
export interface SpanEstimator {
  readonly estimator: CarbonEstimator;
  /** No provider is waited for any longer, now or from now on: the packaged table answers. */
  hurry(isLast: boolean): void;
}

export interface SpanEstimatorSurroundings extends Pick<IntensitySurroundings, "environment"> {
  readonly clock: Clock;
}

type SpanEstimatorSettings = Omit<CarbonEstimatorOptions, "intensity" | "clock"> & IntensitySettings;

/** Longest wait for the intensity of a span, in seconds: then the packaged table answers. */
const withinSeconds = 5;

/**
 * An estimator that asks for the intensity of a span once, however many energies fell into it. Throws REGION_UNKNOWN, INPUT_INVALID
 * and CONFIG_INVALID.
 */
export function openSpanEstimator(
  settings: SpanEstimatorSettings,
  { environment, clock }: SpanEstimatorSurroundings,
): SpanEstimator {
  const lookup = openIntensity(settings, { environment, clock, withinSeconds });
  const packaged = openIntensity({ intensityProviders: "static" }, { environment, clock });
  let stop = new AbortController();
  const intensity = askingOnce(async (interval, zone) => {
    const { signal } = stop;
    if (signal.aborted) return packaged.lookup(interval, zone);
    try {
      return await lookup.lookup(interval, zone, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return packaged.lookup(interval, zone);
    }
  });
  return {
    estimator: new CarbonEstimator({ ...settings, clock, intensity }),
    hurry: (isLast) => {
      stop.abort();
      if (!isLast) stop = new AbortController();
    },
  };
}

/** Spans that are estimated at the same time: an interval, a longer one of records, and some that wait for their ledger. */
const rememberedSpans = 8;

/** The same question again has the same answer, as long as not many others come between. */
function askingOnce(ask: IntensityLookup["lookup"]): IntensityLookup {
  const answers = new Map<string, Promise<ZoneIntensity>>();
  return {
    lookup: async (interval, zone) => {
      const question = JSON.stringify([interval, zone]);
      const answer = answers.get(question) ?? ask(interval, zone);
      // The one that was asked last goes last.
      answers.delete(question);
      answers.set(question, answer);
      const [oldest] = answers.keys();
      if (oldest !== undefined && answers.size > rememberedSpans) answers.delete(oldest);
      return answer;
    },
  };
}
