import type { TaskFigures } from "../../../monitor/task-figures.ts";
import { bucketBoundaries, type HistogramKey } from "../instruments.ts";
import type { Attributes } from "../open-telemetry-api.ts";
import type { Point, Telemetry } from "../telemetry.ts";

interface Series {
  readonly attributes: Attributes;
  readonly bucketCounts: number[];
  count: number;
  sum: number;
  min: number;
  max: number;
}

export type CallHistogramsState = Readonly<Record<HistogramKey, Map<string, Series>>>;

/** Histograms of single tasks, where no SDK keeps them. As many series as there are names, which are bounded, and outcomes. */
export class CallHistograms {
  readonly #telemetry: Telemetry;
  readonly #series: CallHistogramsState;

  /** @param state of another one, to go on from */
  constructor(telemetry: Telemetry, state: CallHistogramsState = { callEnergy: new Map(), callEmissions: new Map() }) {
    this.#telemetry = telemetry;
    this.#series = state;
  }

  get state(): CallHistogramsState {
    return this.#series;
  }

  all(): readonly (readonly [HistogramKey, readonly Series[]])[] {
    const all = (["callEnergy", "callEmissions"] as const).map(
      (key) => [key, [...this.#series[key].values()]] as const,
    );
    return all.filter(([, series]) => series.length > 0);
  }

  record(task: TaskFigures): void {
    for (const [key, point] of this.#telemetry.callPoints(task)) this.#add(key, point);
  }

  #add(key: HistogramKey, { attributes, value }: Point): void {
    const bounds = bucketBoundaries[key];
    const id = JSON.stringify(Object.entries(attributes));
    const series = this.#series[key].get(id) ?? emptySeries(attributes, bounds.length + 1);
    this.#series[key].set(id, series);
    const found = bounds.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? bounds.length : found;
    series.bucketCounts[bucket] = (series.bucketCounts[bucket] ?? 0) + 1;
    series.count += 1;
    series.sum += value;
    series.min = Math.min(series.min, value);
    series.max = Math.max(series.max, value);
  }
}

function emptySeries(attributes: Attributes, buckets: number): Series {
  const bucketCounts = Array.from({ length: buckets }, () => 0);
  return { attributes, bucketCounts, count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}
