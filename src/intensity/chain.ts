import { CarbonOpsError, messageOf } from "../errors.ts";
import { checkedSeries } from "./checked-series.ts";
import type {
  IntensityAnswer,
  IntensityKind,
  IntensityLookup,
  IntensityProvider,
  IntensityRequest,
  ProviderAttempt,
} from "./intensity.ts";
import { type TimeLimit, timeLimit } from "./time-limit.ts";

interface ChainOptions {
  /** Longest time that one lookup may take, in seconds; providers that have not answered by then count as failed. */
  readonly withinSeconds?: number | undefined;
}

/**
 * Asks providers in their order, each kind for itself: the first that has a value answers, and why those before it did not is
 * kept. A fallback changes the provider, never the kind. Rejects only when the signal was aborted, with the signal's reason.
 */
export function intensityChain(
  providers: readonly IntensityProvider[],
  { withinSeconds }: ChainOptions = {},
): IntensityLookup {
  return {
    async lookup(interval, zone, signal) {
      const limit = withinSeconds === undefined ? null : timeLimit(withinSeconds, signal);
      try {
        const answerOf = (kind: IntensityKind): Promise<IntensityAnswer> =>
          firstAnswer(providers, { kind, interval, zone, ...(signal === undefined ? {} : { signal }) }, limit);
        const [average, marginal] = await Promise.all([answerOf("average"), answerOf("marginal")]);
        return { average, marginal };
      } finally {
        limit?.clear();
      }
    },
  };
}

async function firstAnswer(
  providers: readonly IntensityProvider[],
  request: IntensityRequest,
  limit: TimeLimit | null,
): Promise<IntensityAnswer> {
  const attempts: ProviderAttempt[] = [];
  const { kind } = request;
  for (const provider of providers) {
    const attempt = { providerId: provider.id, kind };
    if (!provider.kinds.includes(kind)) {
      const reason = `It gives no ${kind} intensities.`;
      attempts.push({ ...attempt, outcome: "not_asked", code: null, reason });
      continue;
    }
    try {
      const answer = limit === null ? provider.series(request) : limit.hold(provider, request);
      const series = checkedSeries(await answer, provider.id, request);
      const { code = null, reason = null } = series.shortfall ?? {};
      attempts.push({ ...attempt, outcome: "answered", code, reason });
      return { series, attempts };
    } catch (error) {
      request.signal?.throwIfAborted();
      const code = error instanceof CarbonOpsError ? error.code : null;
      attempts.push({ ...attempt, outcome: "failed", code, reason: messageOf(error) });
    }
  }
  return { series: null, attempts };
}
