import { EventEmitter } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { context, ROOT_CONTEXT, type Span, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { AsyncHooksContextManager, AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { expect, onTestFinished, test } from "vitest";
import { type ContextManagerLike, type EnergySpanProcessor, openTelemetry } from "../../../src/exporters/otel/index.ts";
import { EnergyLogger } from "../../../src/monitor/energy-logger.ts";
import { otlpReceiver } from "./otlp-receiver.ts";
import { faultsOfTraces } from "./otlp-shape.ts";

interface TracedService {
  readonly logger: EnergyLogger;
  readonly tracer: Tracer;
  readonly provider: NodeTracerProvider;
  readonly processor: EnergySpanProcessor;
  readonly problems: readonly string[];
  /** What has come out of the processor so far. */
  readonly exported: () => readonly ReadableSpan[];
  /** After all that was started has come out. */
  readonly spans: () => Promise<ReadonlyMap<string, ReadableSpan>>;
}

interface Setting {
  readonly manager?: ContextManagerLike;
  readonly withContextManager?: boolean;
}

/** A service with a real SDK, whose spans go through ours. */
async function tracedService({
  manager = new AsyncLocalStorageContextManager(),
  withContextManager = true,
}: Setting = {}): Promise<TracedService> {
  const logger = await EnergyLogger.open();
  const energy = await openTelemetry(logger);
  const exporter = new InMemorySpanExporter();
  const processor = energy.spanProcessor(new SimpleSpanProcessor(exporter));
  const provider = new NodeTracerProvider({ spanProcessors: [processor] });
  provider.register({ contextManager: withContextManager ? energy.contextManager(manager) : manager });
  onTestFinished(async () => {
    await provider.shutdown();
    await logger.close();
    trace.disable();
    context.disable();
  });
  return {
    logger,
    tracer: trace.getTracer("test"),
    provider,
    processor,
    problems: energy.problems,
    exported: () => exporter.getFinishedSpans(),
    spans: async () => {
      await provider.forceFlush();
      return new Map(exporter.getFinishedSpans().map((span) => [span.name, span]));
    },
  };
}

/** Busy for the given milliseconds of the process's CPU time. */
function spin(milliseconds: number): number {
  const start = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(start);
    if (user + system >= milliseconds * 1000) return user + system;
  }
}

const cpuOf = (span: ReadableSpan | undefined): number => Number(span?.attributes["carbon_ops.cpu.seconds"]);
const joulesOf = (span: ReadableSpan | undefined): number => Number(span?.attributes["carbon_ops.energy.joules"]);

test.each([
  ["AsyncLocalStorage", () => new AsyncLocalStorageContextManager()],
  ["async_hooks", () => new AsyncHooksContextManager()],
])("spans that overlap each have their own share of CPU time and energy (contexts by %s)", async (_, managerOf) => {
  const { tracer, spans } = await tracedService({ manager: managerOf() });
  const used = new Map<string, number>();
  const work = async (name: string, sliceMs: number): Promise<void> =>
    tracer.startActiveSpan(name, async (span) => {
      for (let turn = 0; turn < 20; turn += 1) {
        used.set(name, (used.get(name) ?? 0) + spin(sliceMs));
        await (turn % 2 === 0 ? delay(1) : Promise.resolve());
      }
      span.end();
    });
  await Promise.all([work("a", 2), work("b", 4), work("c", 6), work("d", 8)]);
  const found = await spans();
  const names = [...used.keys()];
  const share = (figureOf: (name: string) => number, name: string): number =>
    figureOf(name) / names.reduce((sum, other) => sum + figureOf(other), 0);
  const errors = names.flatMap((name) => {
    const truth = share((other) => used.get(other) ?? 0, name);
    return [
      Math.abs(share((other) => cpuOf(found.get(other)), name) - truth),
      Math.abs(share((other) => joulesOf(found.get(other)), name) - truth),
    ];
  });
  expect(names).toHaveLength(4);
  expect(Math.max(...errors)).toBeLessThan(0.1);
});

test("a span has its own energy, and with that of the spans inside it beside it", async () => {
  const { tracer, spans } = await tracedService();
  tracer.startActiveSpan("outer", (outer) => {
    spin(30);
    tracer.startActiveSpan("inner", (inner) => {
      spin(90);
      inner.end();
    });
    outer.end();
  });
  const found = await spans();
  const [outer, inner] = [found.get("outer"), found.get("inner")];
  expect(cpuOf(outer)).toBeLessThan(cpuOf(inner));
  expect(Number(outer?.attributes["carbon_ops.energy.with_children_joules"])).toBeCloseTo(
    joulesOf(outer) + joulesOf(inner),
    9,
  );
});

test("a parent that is given by hand, and not active, has the child's energy with its own", async () => {
  const { tracer, spans } = await tracedService();
  const parent = tracer.startSpan("parent");
  const inParent = trace.setSpan(ROOT_CONTEXT, parent);
  const child = tracer.startSpan("child", {}, inParent);
  context.with(inParent, () => spin(10));
  context.with(trace.setSpan(ROOT_CONTEXT, child), () => spin(40));
  child.end();
  parent.end();
  const found = await spans();
  expect(found.get("parent")?.attributes["carbon_ops.energy.with_children_joules"]).toBeCloseTo(
    joulesOf(found.get("parent")) + joulesOf(found.get("child")),
    9,
  );
});

test("callbacks and listeners that were bound to a span's context count for it", async () => {
  const { tracer, spans } = await tracedService();
  const inContextOf = (span: Span) => trace.setSpan(context.active(), span);
  const [ofCallback, ofListener] = [tracer.startSpan("callback"), tracer.startSpan("listener")];
  const callback = context.bind(inContextOf(ofCallback), () => spin(40));
  const emitter = context.bind(inContextOf(ofListener), new EventEmitter());
  emitter.on("work", () => spin(40));
  callback();
  emitter.emit("work");
  ofCallback.end();
  ofListener.end();
  const found = await spans();
  expect(cpuOf(found.get("callback"))).toBeGreaterThan(0.01);
  expect(cpuOf(found.get("listener"))).toBeGreaterThan(0.01);
});

test("a span that never was active has no energy attributes, since nothing is known of it, and is handed on at once", async () => {
  const { tracer, exported } = await tracedService();
  tracer.startSpan("client call").end();
  expect(exported().map(({ name, attributes }) => [name, Object.keys(attributes)])).toEqual([["client call", []]]);
});

test("without the context manager, spans pass as they are, none is charged with 0, and a sentence says why", async () => {
  const { tracer, exported, problems } = await tracedService({ withContextManager: false });
  tracer.startActiveSpan("work", (span) => {
    spin(5);
    span.end();
  });
  expect(exported()[0]?.attributes).toEqual({});
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain("register it with { contextManager }");
});

test("a span is held until its energy is known, and comes with grams, bounds and what they rest on", async () => {
  const { tracer, exported } = await tracedService();
  tracer.startActiveSpan("work", (span) => {
    spin(30);
    span.setAttribute("http.route", "/cart");
    span.end();
  });
  const atItsEnd = exported().length;
  while (exported().length === 0) await delay(50);
  const attributes = exported()[0]?.attributes ?? {};
  expect(atItsEnd).toBe(0);
  expect(attributes).toMatchObject({
    "http.route": "/cart",
    "carbon_ops.energy.settled": true,
    "carbon_ops.intensity.kind": "average",
    "carbon_ops.intensity.scope": "lifecycle",
    "carbon_ops.emissions.quality": "fallback",
  });
  expect(attributes["carbon_ops.emissions.lower_grams"]).toBeLessThan(Number(attributes["carbon_ops.emissions.grams"]));
  expect(attributes["carbon_ops.emissions.upper_grams"]).toBeGreaterThan(
    Number(attributes["carbon_ops.emissions.grams"]),
  );
});

test("everything else of a span is as it was", async () => {
  const { tracer, spans } = await tracedService();
  const ids: string[] = [];
  tracer.startActiveSpan("first name", (span) => {
    spin(5);
    span.addEvent("cache miss", { key: "a" });
    span.setStatus({ code: SpanStatusCode.ERROR, message: "gone" });
    span.updateName("GET /cart");
    ids.push(span.spanContext().spanId, span.spanContext().traceId);
    span.end();
  });
  const span = (await spans()).get("GET /cart");
  expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "gone" });
  expect(span?.events.map(({ name }) => name)).toEqual(["cache miss"]);
  expect([span?.spanContext().spanId, span?.spanContext().traceId]).toEqual(ids);
  expect(span?.ended).toBe(true);
  expect(span?.instrumentationScope.name).toBe("test");
});

test("tasks of spans are counted under the name that the span has at its end, and as failed where it failed", async () => {
  const { tracer, spans, logger } = await tracedService();
  tracer.startActiveSpan("GET", (span) => {
    span.updateName("GET /cart");
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  await spans();
  expect(logger.taskReport().tasks).toMatchObject([{ name: "GET /cart", completed: 0, failed: 1 }]);
});

test("what code in a span returns and throws passes through, with its this and arguments", async () => {
  const { tracer } = await tracedService();
  const thrown = new Error("mine");
  const answer = tracer.startActiveSpan("work", (span) => {
    const inSpan = trace.setSpan(context.active(), span);
    const bound = { factor: 3 };
    const result = context.with(
      inSpan,
      function times(this: { factor: number }, value: number) {
        return this.factor * value;
      },
      bound,
      14,
    );
    expect(() =>
      context.with(trace.setSpan(ROOT_CONTEXT, span), () => {
        throw thrown;
      }),
    ).toThrow(thrown);
    span.end();
    return result;
  });
  expect(answer).toBe(42);
});

test("ten thousand spans that end at once are all handed on: those that are too many to hold, early", async () => {
  const { tracer, spans, exported, processor } = await tracedService();
  for (let index = 0; index < 10_000; index += 1) tracer.startActiveSpan("hot", (span) => span.end());
  const early = exported().length;
  await spans();
  expect(early).toBe(10_000 - 8192);
  expect(processor.forwardedEarly).toBeGreaterThanOrEqual(0);
  expect(exported()).toHaveLength(10_000);
});

test("an SDK sends spans with energy as valid OTLP, and shutdown leaves none behind", async () => {
  const receiver = await otlpReceiver();
  const logger = await EnergyLogger.open();
  const energy = await openTelemetry(logger);
  const exporter = new OTLPTraceExporter({ url: `${receiver.endpoint}/v1/traces` });
  const resource = resourceFromAttributes({ "service.name": "shop" });
  const spanProcessors = [energy.spanProcessor(new BatchSpanProcessor(exporter))];
  const provider = new NodeTracerProvider({ resource, spanProcessors });
  provider.register({ contextManager: energy.contextManager(new AsyncLocalStorageContextManager()) });
  onTestFinished(() => {
    trace.disable();
    context.disable();
  });
  trace.getTracer("test").startActiveSpan("checkout", (span) => {
    spin(20);
    span.end();
  });
  await provider.shutdown();
  await logger.close();
  const text = JSON.stringify(receiver.requests[0]?.body);
  expect(receiver.requests.flatMap(({ body }) => faultsOfTraces(body))).toEqual([]);
  expect(text).toContain('{"key":"service.name","value":{"stringValue":"shop"}}');
  expect(text).toContain('"carbon_ops.energy.joules"');
  expect(text).toContain('"carbon_ops.emissions.grams"');
});
