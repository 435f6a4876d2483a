import type { Clock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { connectGovernor, stillTwins, type Twins, twinsAmong } from "../governor/client.ts";
import { type GovernorReading, governorFamilies, withoutTwins } from "./governor-metrics.ts";
import { prometheusText } from "./prometheus.ts";

export interface GovernorPageRequest {
  readonly socketPath: string;
  readonly clock: Clock;
  /** Longest wait for each of connection and answers; default 1000. */
  readonly timeoutMs?: number;
  /** Called whenever the governor becomes unusable, or for another reason than before (a sentence), and when it is back (null). */
  onChange(problem: string | null): void;
}

/**
 * Pages that are asked for within this time show one reading. Whoever reaches the page need not be in the socket's group, so it is
 * coarser than the socket; and no crowd of readers costs the governor more than one.
 */
const sharedForNs = 1_000_000_000n;

/** The metrics page of a governor, as a function that writes it anew; it never rejects because of the governor. */
export function governorPage(request: GovernorPageRequest): () => Promise<string> {
  let shared: { readonly page: Promise<string>; readonly sinceNs: bigint } | null = null;
  let problemBefore: string | null = null;
  let twins: Twins | null = null;
  const write = async (): Promise<string> => {
    let reading: GovernorReading | null = null;
    let problem: string | null = null;
    try {
      reading = await readGovernor(request);
      twins = twins === null ? twinsAmong(reading.info.domains) : stillTwins(twins, reading.info.domains);
      reading = withoutTwins(reading, twins);
    } catch (error) {
      problem = messageOf(error);
    }
    if (problem !== problemBefore) request.onChange(problem);
    problemBefore = problem;
    return prometheusText(governorFamilies(reading));
  };
  return () => {
    const nowNs = request.clock.monotonicNs();
    if (shared === null || nowNs - shared.sinceNs >= sharedForNs) shared = { page: write(), sinceNs: nowNs };
    return shared.page;
  };
}

/** A connection of its own: nothing is kept that could be old. Throws GOVERNOR_UNAVAILABLE or GOVERNOR_REFUSED. */
async function readGovernor({ socketPath, timeoutMs = 1000 }: GovernorPageRequest): Promise<GovernorReading> {
  const client = await connectGovernor({ socketPath, timeoutMs });
  try {
    const [info, snapshot] = await Promise.all([client.info(), client.snapshot()]);
    return { info, snapshot };
  } finally {
    client.close();
  }
}
