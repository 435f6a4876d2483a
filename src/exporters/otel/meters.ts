import type { TaskFigures } from "../../monitor/task-figures.ts";
import { bucketBoundaries, type HistogramKey, instruments, meterName, type PointKey } from "./instruments.ts";
import type {
  HistogramLike,
  MeterLike,
  MeterProviderLike,
  ObservableLike,
  ObservableResultLike,
} from "./open-telemetry-api.ts";
import type { Telemetry } from "./telemetry.ts";

/**
 * Tells the figures through a meter provider. It may be set after this: instruments are then made anew, at the next interval. Totals are
 * observable counters, so that several readers each get them as they are; what is known of single tasks is recorded when it is known.
 */
export class Meters {
  readonly #provider: () => MeterProviderLike;
  readonly #telemetry: Telemetry;
  #bound: MeterProviderLike | null = null;
  #histograms: Readonly<Record<HistogramKey, HistogramLike>> | null = null;
  #unbind: () => void = () => undefined;

  constructor(provider: () => MeterProviderLike, telemetry: Telemetry) {
    this.#provider = provider;
    this.#telemetry = telemetry;
  }

  bind(): void {
    const provider = this.#provider();
    if (provider === this.#bound) return;
    this.#unbind();
    const meter = provider.getMeter(meterName);
    const unbinds = pointKeys().map((key) => this.#observe(meter, key));
    this.#histograms = {
      callEnergy: histogram(meter, "callEnergy"),
      callEmissions: histogram(meter, "callEmissions"),
    };
    this.#bound = provider;
    this.#unbind = () => {
      for (const unbind of unbinds) unbind();
    };
  }

  record(task: TaskFigures): void {
    for (const [key, { value, attributes }] of this.#telemetry.callPoints(task)) {
      this.#histograms?.[key].record(value, attributes);
    }
  }

  #observe(meter: MeterLike, key: PointKey): () => void {
    const { name, unit, kind, description } = instruments[key];
    const options = { unit, description };
    const observable: ObservableLike =
      kind === "counter" ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options);
    const observe = (result: ObservableResultLike): void => {
      for (const { value, attributes } of this.#telemetry.points(key)) result.observe(value, attributes);
    };
    observable.addCallback(observe);
    return () => observable.removeCallback(observe);
  }
}

/** Every instrument but the histograms. */
export function pointKeys(): readonly PointKey[] {
  return Object.keys(instruments).filter(isPointKey);
}

function isPointKey(key: string): key is PointKey {
  return key in instruments && !(key in bucketBoundaries);
}

function histogram(meter: MeterLike, key: HistogramKey): HistogramLike {
  const { name, unit, description } = instruments[key];
  return meter.createHistogram(name, {
    unit,
    description,
    advice: { explicitBucketBoundaries: [...bucketBoundaries[key]] },
  });
}
