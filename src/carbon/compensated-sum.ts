/** The sum of many numbers without the rounding of each addition piling up (Neumaier, ZAMM 54 (1974) 39). */
export function compensatedSum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  let [total, lost] = [0, 0];
  for (const item of items) {
    const term = value(item);
    const next = total + term;
    lost += Math.abs(total) >= Math.abs(term) ? total - next + term : term - next + total;
    total = next;
  }
  return total + lost;
}

interface Weighted {
  readonly weight: number;
  readonly value: number;
}

/** Never outside the values: equal values have exactly that value as their mean. NaN where nothing has a weight. */
export function weightedMean(items: readonly Weighted[]): number {
  const mean =
    compensatedSum(items, ({ weight, value }) => weight * value) / compensatedSum(items, ({ weight }) => weight);
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { weight, value } of items) {
    if (weight === 0) continue;
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  return Math.min(Math.max(mean, lowest), highest);
}
