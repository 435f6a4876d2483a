import { openSpanEstimator } from "../carbon/span-estimator.ts";
import { systemClock as clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { carbonOf, type EnergyOfSpan, type StatedCarbon } from "../monitor/interval-carbon.ts";
import type { LastWordsOfProcess } from "./last-words.ts";

interface LastCarbon {
  readonly stated: (energy: EnergyOfSpan) => Promise<StatedCarbon>;
  /** Why there are no grams at all: a setting, say. Each energy has the reason too. */
  readonly problems: readonly string[];
}

/** Grams of what is left at the end of a process; after `patienceMs`, intensities are the packaged ones. Never throws. */
export function lastCarbon(
  { settings, environment }: Pick<LastWordsOfProcess, "settings" | "environment">,
  patienceMs: number,
): LastCarbon {
  try {
    const opened = openSpanEstimator(settings, { environment, clock });
    setTimeout(() => opened.hurry(true), patienceMs).unref();
    return { stated: async (energy) => carbonOf(opened.estimator, energy), problems: [] };
  } catch (error) {
    const problem = messageOf(error);
    return { stated: async () => ({ carbon: null, problem }), problems: [problem] };
  }
}
