/**
 * As much of OpenTelemetry as is used here, as structural types: nothing depends on the classes of one major version, and the types
 * hold where nothing of it is installed.
 */

export type AttributeValue = string | number | boolean;
export type Attributes = Record<string, AttributeValue>;

export interface ObservableResultLike {
  observe(value: number, attributes?: Attributes): void;
}

type ObservableCallback = (result: ObservableResultLike) => void;

export interface ObservableLike {
  addCallback(callback: ObservableCallback): void;
  removeCallback(callback: ObservableCallback): void;
}

export interface HistogramLike {
  record(value: number, attributes?: Attributes): void;
}

interface InstrumentOptions {
  readonly description?: string;
  readonly unit?: string;
  readonly advice?: { explicitBucketBoundaries?: number[] };
}

export interface MeterLike {
  createObservableCounter(name: string, options?: InstrumentOptions): ObservableLike;
  createObservableGauge(name: string, options?: InstrumentOptions): ObservableLike;
  createHistogram(name: string, options?: InstrumentOptions): HistogramLike;
}

export interface MeterProviderLike {
  getMeter(name: string, version?: string): MeterLike;
}

export interface ContextLike {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): ContextLike;
  deleteValue(key: symbol): ContextLike;
}

export interface ContextManagerLike {
  active(): ContextLike;
  with<Arguments extends unknown[], Work extends (...args: Arguments) => ReturnType<Work>>(
    context: ContextLike,
    work: Work,
    thisArg?: ThisParameterType<Work>,
    ...args: Arguments
  ): ReturnType<Work>;
  bind<Target>(context: ContextLike, target: Target): Target;
  enable(): this;
  disable(): this;
}

/** A span, while it is open and after. */
export interface SpanLike {
  readonly name: string;
  readonly attributes: object;
  readonly status: { readonly code: number };
}

export interface SpanProcessorLike {
  onStart(span: SpanLike, parentContext: ContextLike): void;
  onEnding?(span: SpanLike): void;
  onEnd(span: SpanLike): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** What is taken from `@opentelemetry/api`. */
export interface OpenTelemetryApi {
  readonly meterProvider: () => MeterProviderLike;
  /** The span that a context holds. */
  readonly spanOf: (context: ContextLike) => object | undefined;
}

/** Null where the package is not installed. */
export async function loadOpenTelemetryApi(): Promise<OpenTelemetryApi | null> {
  try {
    const { metrics, trace } = await import("@opentelemetry/api");
    return { meterProvider: () => metrics.getMeterProvider(), spanOf: (context) => trace.getSpan(context) };
  } catch {
    return null;
  }
}
