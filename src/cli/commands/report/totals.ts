import { type AggregateGroup, type Aggregator, openAggregator } from "../../../carbon/aggregate.ts";
import type { CarbonEstimateRecord } from "../../../record/carbon-estimate-record.ts";

/** Totals by a key that the caller chooses; the caller bounds how many keys there are. */
export interface Totals<Key> {
  add(key: Key, estimate: CarbonEstimateRecord): void;
  /** Null where no estimate had that key. */
  of(key: Key): AggregateGroup | null;
}

export function openTotals<Key>(): Totals<Key> {
  const aggregators = new Map<Key, Aggregator>();
  return {
    add(key, estimate) {
      let aggregator = aggregators.get(key);
      if (aggregator === undefined) {
        aggregator = openAggregator({});
        aggregators.set(key, aggregator);
      }
      aggregator.add(estimate);
    },
    of: (key) => aggregators.get(key)?.result().total ?? null,
  };
}
