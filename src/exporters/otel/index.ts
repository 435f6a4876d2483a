/**
 * `carbon-ops/otel`: energy and carbon in OpenTelemetry. Importing it loads nothing of OpenTelemetry and starts nothing.
 */
import { type Clock, systemClock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { Meters } from "./meters.ts";
import {
  type ContextManagerLike,
  loadOpenTelemetryApi,
  type MeterProviderLike,
  type OpenTelemetryApi,
  type SpanProcessorLike,
} from "./open-telemetry-api.ts";
import { type EnergySpanProcessor, energySpanProcessor } from "./span-processor.ts";
import { SpanTasks } from "./span-tasks.ts";
import type { TaskSource } from "./task-source.ts";
import { Telemetry } from "./telemetry.ts";

export { type OtlpCounts, type OtlpOptions, type OtlpSink, otlpFromEnvironment } from "./otlp/sink.ts";
export type { ContextManagerLike, EnergySpanProcessor, MeterProviderLike, SpanProcessorLike, TaskSource };

export interface OpenTelemetryOptions {
  /** Default: the global one, which may be set later. */
  readonly meterProvider?: MeterProviderLike | undefined;
  readonly clock?: Pick<Clock, "monotonicNs"> | undefined;
}

export interface OpenTelemetryEnergy {
  /** What could not be set up, one sentence each. */
  readonly problems: readonly string[];
  /** Puts energy and carbon on spans, and hands them on; see `contextManager`. */
  spanProcessor(next: SpanProcessorLike): EnergySpanProcessor;
  /** The context manager that the tracer provider is registered with: it tells which span's code runs. Without it, spans have no energy. */
  contextManager(inner: ContextManagerLike): ContextManagerLike;
}

/**
 * Tells what the tasks of a logger used through OpenTelemetry, and makes each span a task. Never rejects: where `@opentelemetry/api` is
 * not installed, `problems` says so and spans pass through as they are.
 */
export async function openTelemetry(
  logger: TaskSource,
  options: OpenTelemetryOptions = {},
): Promise<OpenTelemetryEnergy> {
  const { clock = systemClock } = options;
  const nowMs = (): number => Number(clock.monotonicNs() / 1000n) / 1000;
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (!problems.includes(problem)) problems.push(problem);
  };
  const api = await loadOpenTelemetryApi();
  if (api === null) note(missingApi);
  const telemetry = new Telemetry();
  const meters = metersOf(api, options, telemetry);
  const bind = (): void => {
    try {
      meters?.bind();
    } catch (error) {
      note(`Energy is not told as OpenTelemetry metrics, because the meter provider failed: ${messageOf(error)}.`);
    }
  };
  bind();
  logger.addSink({
    name: "opentelemetry",
    interval: (interval) => {
      telemetry.take(interval);
      bind();
    },
    ended: (task) => meters?.record(task),
  });
  const spans = api === null ? null : new SpanTasks(logger, api.spanOf);
  return {
    problems,
    spanProcessor: (next) =>
      spans === null
        ? passingOn(next)
        : energySpanProcessor({ next, spans, telemetry, logger, nowMs, onUnfollowed: () => note(unfollowed) }),
    contextManager: (inner) => spans?.contextManager(inner) ?? inner,
  };
}

const missingApi =
  "Spans and the global meter provider get no energy, because the package @opentelemetry/api is not installed; run npm install @opentelemetry/api.";

const unfollowed =
  "Spans have no energy, because the tracer provider was registered without energy.contextManager(…), which tells whose code runs; register it with { contextManager }.";

function metersOf(
  api: OpenTelemetryApi | null,
  { meterProvider }: OpenTelemetryOptions,
  telemetry: Telemetry,
): Meters | null {
  if (meterProvider !== undefined) return new Meters(() => meterProvider, telemetry);
  return api === null ? null : new Meters(api.meterProvider, telemetry);
}

function passingOn(next: SpanProcessorLike): EnergySpanProcessor {
  return {
    forwardedEarly: 0,
    onStart: (span, parentContext) => next.onStart(span, parentContext),
    onEnding: (span) => next.onEnding?.(span),
    onEnd: (span) => next.onEnd(span),
    forceFlush: async () => next.forceFlush(),
    shutdown: async () => next.shutdown(),
  };
}
