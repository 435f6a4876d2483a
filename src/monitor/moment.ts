import { type AttributionTotals, totalsBetween, zeroTotals } from "../attribution/accumulator.ts";

/** What had been accumulated where a span ends or begins. */
export interface Edge {
  readonly totals: AttributionTotals;
  readonly gaps: number;
}

/**
 * An instant at which spans end or begin. Where readings arrive late, they place it when they are there. Where the source was
 * silent around it, a span that ends has what was known before the silence, and one that begins what was read after it.
 */
export interface Moment {
  /** Null while that is not known. */
  readonly end: Edge | null;
  /** Null while that is not known. */
  readonly start: Edge | null;
  /** Why the source tells nothing of this very instant; null when it does, or still may. */
  readonly failure: string | null;
}

export interface SpanReading {
  readonly totals: AttributionTotals;
  readonly gaps: number;
  /** Why nothing is known; null when something is. */
  readonly failure: string | null;
}

/** What is known of the span between two moments; an end of it that could not be read is a gap. */
export function spanBetween(start: Moment, end: Moment): SpanReading {
  const gaps = gapsBetween(start, end);
  if (start.start === null) {
    const failure = `its start could not be read: ${start.failure ?? "no reading has come since"}`;
    return { totals: zeroTotals, gaps: Math.max(1, gaps), failure };
  }
  const totals = totalsBetween(start.start.totals, end.end?.totals ?? start.start.totals);
  if (totals.tickCount > 0) return { totals, gaps, failure: null };
  return { totals: zeroTotals, gaps, failure: `nothing could be read: ${end.failure ?? "no tick"}` };
}

function gapsBetween(start: Moment, end: Moment): number {
  const before = start.start ?? start.end;
  const counted = Math.max(0, (end.end?.gaps ?? 0) - (before?.gaps ?? 0));
  return Math.max(counted + (start.failure === null ? 0 : 1), end.failure === null ? 0 : 1);
}
