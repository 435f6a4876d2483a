import type { Counted } from "../../../report/ledger-report.ts";

/** How often each of some values was there, in bounded memory. */
export interface Tallies<T> {
  /** `key` tells equal values; of equal ones the first is kept, unless `merge` makes one of two. */
  add(key: string, value: T): void;
  /** The most frequent first. */
  counted(): readonly Counted<T>[];
  /** Values that came when there was no room for more. */
  readonly unlistedCount: number;
}

export function openTallies<T>(capacity: number, merge: (kept: T, other: T) => T = (kept) => kept): Tallies<T> {
  const entries = new Map<string, { value: T; count: number }>();
  let unlistedCount = 0;
  return {
    add(key, value) {
      const entry = entries.get(key);
      if (entry !== undefined) {
        entry.value = merge(entry.value, value);
        entry.count += 1;
      } else if (entries.size < capacity) entries.set(key, { value, count: 1 });
      else unlistedCount += 1;
    },
    counted: () =>
      [...entries.values()]
        .sort((left, right) => right.count - left.count)
        .map(({ value, count }) => ({ value, count })),
    get unlistedCount() {
      return unlistedCount;
    },
  };
}
