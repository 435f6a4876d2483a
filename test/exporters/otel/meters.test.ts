import { metrics } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { expect, onTestFinished, test } from "vitest";
import { openTelemetry, type TaskSource } from "../../../src/exporters/otel/index.ts";
import { instruments } from "../../../src/exporters/otel/instruments.ts";
import type { TaskSink } from "../../../src/monitor/task-interval.ts";
import { UnwatchedTask } from "../../../src/monitor/unwatched-task.ts";
import { endedTask, estimateOf, exampleInterval, nameInterval } from "./example-interval.ts";
import { type OtlpReceiver, otlpReceiver, pointsOf } from "./otlp-receiver.ts";
import { faultsOfMetrics } from "./otlp-shape.ts";

interface HandFedLogger extends TaskSource {
  readonly sink: () => TaskSink;
}

function handFedLogger(): HandFedLogger {
  const sinks: TaskSink[] = [];
  return {
    start: (name) => new UnwatchedTask(name),
    taskReport: () => exampleInterval().sinceStart,
    addSink: (sink) => void sinks.push(sink),
    flush: async () => undefined,
    sink: () => sinks[0] ?? { name: "none" },
  };
}

function readerTo({ endpoint }: OtlpReceiver): PeriodicExportingMetricReader {
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` }),
    exportIntervalMillis: 3_600_000,
  });
}

function providerOf(...readers: PeriodicExportingMetricReader[]): MeterProvider {
  const provider = new MeterProvider({ readers });
  onTestFinished(async () => provider.shutdown());
  return provider;
}

test("an SDK sends every figure in the table, with its unit and kind, as valid OTLP", async () => {
  const receiver = await otlpReceiver();
  const meterProvider = providerOf(readerTo(receiver));
  const logger = handFedLogger();
  await openTelemetry(logger, { meterProvider });
  logger.sink().interval?.(exampleInterval({ names: [nameInterval("checkout", 10, await estimateOf(10))] }));
  logger.sink().ended?.(endedTask("checkout", 2));
  await meterProvider.forceFlush();
  const [request] = receiver.requests;
  const points = pointsOf(request?.body);
  const kinds = { counter: "sum", gauge: "gauge", histogram: "histogram" } as const;
  // Great Britain has a marginal intensity in the packaged tables too.
  const expected = Object.values(instruments).map(({ name, kind }) => [name, kinds[kind]] as const);
  expect(faultsOfMetrics(request?.body)).toEqual([]);
  expect(new Map([...points].map(([name, [first]]) => [name, first?.kind]))).toEqual(new Map(expected));
  expect(
    [...points.values()].flat().every(({ kind, isMonotonic }) => (kind === "sum") === (isMonotonic === true)),
  ).toBe(true);
});

test("two readers each get the totals as they are", async () => {
  const [first, second] = [await otlpReceiver(), await otlpReceiver()];
  const meterProvider = providerOf(readerTo(first), readerTo(second));
  const logger = handFedLogger();
  await openTelemetry(logger, { meterProvider });
  logger.sink().interval?.(exampleInterval());
  await meterProvider.forceFlush();
  const values = [first, second].map(({ requests }) => pointsOf(requests[0]?.body).get("hw.host.energy")?.[0]?.value);
  expect(values).toEqual([500, 500]);
});

test("a global meter provider that is set later is used from the next interval on", async () => {
  onTestFinished(() => metrics.disable());
  const receiver = await otlpReceiver();
  const logger = handFedLogger();
  await openTelemetry(logger);
  logger.sink().interval?.(exampleInterval());
  const provider = providerOf(readerTo(receiver));
  metrics.setGlobalMeterProvider(provider);
  logger.sink().interval?.(exampleInterval());
  await provider.forceFlush();
  expect(pointsOf(receiver.requests[0]?.body).get("carbon_ops.task.energy")?.[0]?.value).toBe(10);
});

test("a meter provider that throws is a sentence in problems, and nothing else", async () => {
  const logger = handFedLogger();
  const meterProvider = {
    getMeter: () => {
      throw new Error("no meters today");
    },
  };
  const { problems } = await openTelemetry(logger, { meterProvider });
  logger.sink().interval?.(exampleInterval());
  expect(problems).toEqual([
    "Energy is not told as OpenTelemetry metrics, because the meter provider failed: no meters today.",
  ]);
});
