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

/** The same question again has the same answer, as long as no other one comes between. */
function askingOnce(ask: IntensityLookup["lookup"]): IntensityLookup {
  let last: { readonly question: string; readonly answer: Promise<ZoneIntensity> } | null = null;
  return {
    lookup: async (interval, zone) => {
      const question = JSON.stringify([interval, zone]);
      if (last?.question !== question) last = { question, answer: ask(interval, zone) };
      return last.answer;
    },
  };
}
