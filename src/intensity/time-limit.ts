import { CarbonOpsError } from "../errors.ts";
import type { IntensityProvider, IntensityRequest, IntensitySeries } from "./intensity.ts";

/** One time for all providers of a lookup together. */
export interface TimeLimit {
  /** The provider's answer, or INTENSITY_UNAVAILABLE once the time is over; the provider is told to stop. */
  hold(provider: IntensityProvider, request: IntensityRequest): Promise<IntensitySeries>;
  clear(): void;
}

/** What needs no waiting, such as a packaged table, answers even when the time is over. */
const graceMs = 50;

export function timeLimit(seconds: number, outer: AbortSignal | undefined): TimeLimit {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), seconds * 1000);
  const signal = outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]);
  return {
    async hold(provider, request) {
      let graceTimer: NodeJS.Timeout | undefined;
      const isOver = new Promise<never>((_, reject) => {
        const refuse = (): void => reject(tooSlow(provider.id, seconds));
        const wait = (): void => {
          graceTimer = setTimeout(refuse, graceMs);
        };
        if (stop.signal.aborted) wait();
        else stop.signal.addEventListener("abort", refuse, { once: true });
      });
      try {
        // Stopped, a service gives up its connection; a provider that does not listen is left behind.
        return await Promise.race([provider.series({ ...request, signal }), isOver]);
      } catch (error) {
        outer?.throwIfAborted();
        throw error === signal.reason ? tooSlow(provider.id, seconds) : error;
      } finally {
        clearTimeout(graceTimer);
      }
    },
    clear: () => clearTimeout(timer),
  };
}

function tooSlow(id: string, seconds: number): CarbonOpsError {
  return new CarbonOpsError(
    "INTENSITY_UNAVAILABLE",
    `The provider ${id} was not waited for longer than ${seconds} s; \`carbon-ops settle\` asks it again later.`,
  );
}
