/**
 * Energy from watts that were sampled: the trapezoid between neighbouring samples. What happens between two samples is not seen, so
 * this is an estimate of what a counter would have counted.
 */
export interface PowerIntegral {
  readonly last: { readonly milliwatts: number; readonly monotonicNs: bigint } | null;
  /** Milliwatts times nanoseconds, exactly: nothing is rounded away over time. */
  readonly picojoules: bigint;
  readonly gaps: number;
}

export const emptyIntegral: PowerIntegral = { last: null, picojoules: 0n, gaps: 0 };

/** Samples further apart than this say nothing about the time between them (a suspended host, a blocked process). */
const longestStepNs = 5_000_000_000n;

/** The integral after a sample; the first is a baseline, and one above `largestWatts` is garbage: a gap. */
export function addPower(
  integral: PowerIntegral,
  milliwatts: number,
  monotonicNs: bigint,
  largestWatts: number,
): PowerIntegral {
  if (!(Number.isSafeInteger(milliwatts) && milliwatts >= 0 && milliwatts <= largestWatts * 1000)) {
    return missPower(integral);
  }
  const last = { milliwatts, monotonicNs };
  if (integral.last === null) return { ...integral, last };
  const elapsedNs = monotonicNs - integral.last.monotonicNs;
  if (elapsedNs > longestStepNs) return { ...integral, last, gaps: integral.gaps + 1 };
  const doubled = BigInt(milliwatts + integral.last.milliwatts) * elapsedNs;
  return { ...integral, last, picojoules: integral.picojoules + doubled / 2n };
}

/** The integral after a sample that failed: the next good one spans the time of this one, if it comes soon. */
export function missPower(integral: PowerIntegral): PowerIntegral {
  return { ...integral, gaps: integral.gaps + 1 };
}

export function microjoulesOfIntegral({ picojoules }: PowerIntegral): bigint {
  return picojoules / 1_000_000n;
}
