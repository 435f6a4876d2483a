import { advanceCounter, type CounterRule, type CounterState, unreadCounter } from "../../../energy/counter.ts";

/** A 32-bit energy counter: it starts again at 0 after 2^32 counts. */
export const counterModulus = 2n ** 32n;

/** What one count is worth: so many nanojoules in so many counts. */
export type CountUnit = Pick<CounterRule, "unitNanojoules" | "countsPerUnit">;

export const microjouleUnit: CountUnit = { unitNanojoules: 1000n };

/** Somebody who reads a counter now and then and adds up what it says. */
export interface CounterReader {
  /** A reading in raw counts. */
  take(raw: bigint, monotonicNs: bigint): void;
  readonly joules: number;
  readonly wrapsSeen: number;
}

/** As carbon-ops reads counters: whole counts, modulo the register, checked for plausibility. */
export function exactReader(rule: CounterRule): CounterReader {
  let state: CounterState = unreadCounter;
  return {
    take: (raw, monotonicNs) => {
      state = advanceCounter(state, rule, raw, monotonicNs);
    },
    get joules() {
      return joulesOfCounts(state.counts, rule);
    },
    get wrapsSeen() {
      return state.wraps;
    },
  };
}

/** A scraper that knows where the counter wraps: it takes every decrease for one wrap, and cannot know of more. */
export function modularReader(unit: CountUnit): CounterReader {
  return differencingReader(unit, (difference) => (difference + counterModulus) % counterModulus);
}

/**
 * A scraper that takes a decrease for a restart at 0, as rate() and increase() of Prometheus do (Prometheus documentation, "Query
 * functions", increase: "Breaks in monotonicity … are automatically adjusted for").
 */
export function restartReader(unit: CountUnit): CounterReader {
  return differencingReader(unit, (difference, raw) => (difference < 0n ? raw : difference));
}

function differencingReader(unit: CountUnit, step: (difference: bigint, raw: bigint) => bigint): CounterReader {
  let last: bigint | null = null;
  let counts = 0n;
  let wrapsSeen = 0;
  return {
    take: (raw) => {
      if (last !== null) counts += step(raw - last, raw);
      if (last !== null && raw < last) wrapsSeen += 1;
      last = raw;
    },
    get joules() {
      return joulesOfCounts(counts, unit);
    },
    get wrapsSeen() {
      return wrapsSeen;
    },
  };
}

export function joulesOfCounts(counts: bigint, { unitNanojoules, countsPerUnit = 1n }: CountUnit): number {
  return Number(counts * unitNanojoules) / Number(countsPerUnit) / 1e9;
}
