import type { CounterRule } from "../../energy/counter.ts";

/**
 * The counts of the last ticks, so that a client can ask for the energy between two instants after the fact. A ring of fixed
 * size: 8 bytes for each tick and domain, plus 16 for each tick.
 */

/** What `countsPerUnit` counts are worth. */
type CountUnit = Pick<CounterRule, "unitNanojoules" | "countsPerUnit">;

export type TickHistory = ReturnType<typeof tickHistory>;

/** @param capacity number of ticks kept, at least 2. */
export function tickHistory(capacity: number) {
  const times = new BigInt64Array(capacity);
  const gapCounts = new Float64Array(capacity);
  const columns: BigUint64Array[] = [];
  let pushed = 0;

  const held = (): number => Math.min(pushed, capacity);
  /** Place in the ring of the n-th oldest tick. */
  const place = (age: number): number => (pushed - held() + age) % capacity;
  const timeAt = (age: number): bigint => times[place(age)] ?? 0n;
  const gapsAt = (age: number): number => gapCounts[place(age)] ?? 0;

  /** Age of the last tick at or before an instant. */
  const tickBefore = (instantNs: bigint): number => {
    let low = 0;
    let high = held() - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (timeAt(middle) <= instantNs) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  const microjoulesAt = (column: BigUint64Array, unit: CountUnit, instantNs: bigint): bigint => {
    const { unitNanojoules, countsPerUnit = 1n } = unit;
    const before = tickBefore(instantNs);
    const counts = column[place(before)] ?? 0n;
    const sinceNs = instantNs - timeAt(before);
    if (sinceNs === 0n) return (counts * unitNanojoules) / (1000n * countsPerUnit);
    const step = (column[place(before + 1)] ?? counts) - counts;
    const tickNs = timeAt(before + 1) - timeAt(before);
    return ((counts * tickNs + step * sinceNs) * unitNanojoules) / (tickNs * 1000n * countsPerUnit);
  };

  return {
    get oldestNs(): bigint | null {
      return pushed === 0 ? null : timeAt(0);
    },
    get newestNs(): bigint | null {
      return pushed === 0 ? null : timeAt(held() - 1);
    },
    /** @param counts of each domain, cumulative; a later tick may have more domains, never fewer. */
    push: (monotonicNs: bigint, counts: readonly bigint[], gaps: number): void => {
      while (columns.length < counts.length) columns.push(new BigUint64Array(capacity));
      const at = pushed % capacity;
      times[at] = monotonicNs;
      gapCounts[at] = gaps;
      for (const [index, column] of columns.entries()) column[at] = counts[index] ?? 0n;
      pushed += 1;
    },
    /**
     * Energy between two instants that lie within the history. Inside a tick the energy is spread evenly over its time. Windows
     * that adjoin add up to the window of both, to the microjoule.
     */
    window: (fromNs: bigint, toNs: bigint, units: readonly CountUnit[]) => {
      const first = tickBefore(fromNs);
      const beforeEnd = tickBefore(toNs);
      const last = timeAt(beforeEnd) === toNs ? beforeEnd : beforeEnd + 1;
      return {
        /** Of each domain, in their order. */
        microjoules: columns.map((column, index) => {
          const unit = units[index] ?? { unitNanojoules: 0n };
          return microjoulesAt(column, unit, toNs) - microjoulesAt(column, unit, fromNs);
        }),
        /** Counted inside the ticks that the window rests on: from `firstTickNs` to `lastTickNs`, in `tickCount` intervals. */
        gaps: gapsAt(last) - gapsAt(first),
        firstTickNs: timeAt(first),
        lastTickNs: timeAt(last),
        tickCount: last - first,
      };
    },
  };
}
