import { setTimeout as delay } from "node:timers/promises";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { openTelemetry } from "../dist/exporters/otel/index.js";
import { EnergyLogger } from "../dist/index.js";

/**
 * How right the shares of spans that overlap are, and what energy on spans costs beside the span itself: CPU time, with the same SDK, in the same run, in turns. Ends with status 1 when
 * at the 95th percentile a share is more than 5 percentage points off, or when spans are lost.
 */
const spansARound = 4000;
const rounds = 9;
let ended = 0;
const countingProcessor = {
  onStart: () => undefined,
  onEnd: () => {
    ended += 1;
  },
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

await shares();
const best = { plain: Number.POSITIVE_INFINITY, energy: Number.POSITIVE_INFINITY, handing: Number.POSITIVE_INFINITY };
for (let round = 0; round < rounds; round += 1) {
  best.plain = Math.min(best.plain, await plainRound());
  const { spanNs, handingNs } = await energyRound();
  best.energy = Math.min(best.energy, spanNs);
  best.handing = Math.min(best.handing, handingNs);
}
console.log(`a span, active while it runs, by the SDK alone: ${best.plain.toFixed(0)} ns`);
console.log(
  `the same with a task of its own: ${best.energy.toFixed(0)} ns (${(best.energy / best.plain).toFixed(2)} times)`,
);
console.log(`its figures and handing it on, about a second later: ${best.handing.toFixed(0)} ns`);
const expected = 2 * rounds * spansARound;
if (ended !== expected) {
  console.error(`${expected - ended} spans of ${expected} were lost.`);
  process.exitCode = 1;
}

/** Four spans at once, over timers and promises; the truth is the process's own CPU time around each busy loop. */
async function shares() {
  const errors = { cpu: [], joules: [] };
  for (let round = 0; round < 10; round += 1) {
    const { used, spans } = await overlappingSpans();
    for (const name of used.keys()) {
      const truth = shareOf(used, name);
      errors.cpu.push(100 * Math.abs(shareOf(spans.cpu, name) - truth));
      errors.joules.push(100 * Math.abs(shareOf(spans.joules, name) - truth));
    }
  }
  for (const [what, points] of Object.entries(errors)) {
    const sorted = points.sort((one, other) => one - other);
    const at = (quantile) => sorted[Math.ceil(quantile * sorted.length) - 1];
    console.log(
      `share of ${what} of overlapping spans, error in points: median ${at(0.5).toFixed(2)}, 95th percentile ${at(0.95).toFixed(2)}, largest ${at(1).toFixed(2)}`,
    );
    if (at(0.95) > 5) process.exitCode = 1;
  }
}

async function overlappingSpans() {
  const used = new Map();
  const spans = { cpu: new Map(), joules: new Map() };
  const keeping = {
    ...countingProcessor,
    onEnd: ({ name, attributes }) => {
      spans.cpu.set(name, attributes["carbon_ops.cpu.seconds"]);
      spans.joules.set(name, attributes["carbon_ops.energy.joules"]);
    },
  };
  const logger = await EnergyLogger.open();
  const energy = await openTelemetry(logger);
  const provider = new NodeTracerProvider({ spanProcessors: [energy.spanProcessor(keeping)] });
  provider.register({ contextManager: energy.contextManager(new AsyncLocalStorageContextManager()) });
  const work = (name, sliceMs) =>
    trace.getTracer("bench").startActiveSpan(name, async (span) => {
      for (let turn = 0; turn < 50; turn += 1) {
        used.set(name, (used.get(name) ?? 0) + busyFor(sliceMs));
        await (turn % 2 === 0 ? delay(1) : Promise.resolve());
      }
      span.end();
    });
  await Promise.all([work("a", 1), work("b", 2), work("c", 3), work("d", 4)]);
  await provider.shutdown();
  await logger.close();
  forget();
  return { used, spans };
}

function busyFor(milliseconds) {
  const start = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(start);
    if (user + system >= milliseconds * 1000) return user + system;
  }
}

function shareOf(figures, name) {
  const sum = [...figures.values()].reduce((total, value) => total + value, 0);
  return figures.get(name) / sum;
}

async function plainRound() {
  const provider = new NodeTracerProvider({ spanProcessors: [countingProcessor] });
  provider.register({ contextManager: new AsyncLocalStorageContextManager() });
  const spanNs = timeSpans();
  await provider.shutdown();
  forget();
  return spanNs;
}

async function energyRound() {
  const logger = await EnergyLogger.open();
  const energy = await openTelemetry(logger);
  const provider = new NodeTracerProvider({ spanProcessors: [energy.spanProcessor(countingProcessor)] });
  provider.register({ contextManager: energy.contextManager(new AsyncLocalStorageContextManager()) });
  // The first interval, and with it the first estimate, is behind us.
  trace.getTracer("bench").startActiveSpan("first", (span) => span.end());
  await logger.flush();
  await provider.forceFlush();
  ended -= 1;
  const spanNs = timeSpans();
  const start = process.cpuUsage();
  await provider.forceFlush();
  const handingNs = nanosecondsOfSpan(process.cpuUsage(start));
  await provider.shutdown();
  await logger.close();
  forget();
  return { spanNs, handingNs };
}

/** CPU time, garbage collection included: the clock of the wall would show what else the machine does. */
function timeSpans() {
  const tracer = trace.getTracer("bench");
  const start = process.cpuUsage();
  for (let index = 0; index < spansARound; index += 1) tracer.startActiveSpan("work", (span) => span.end());
  return nanosecondsOfSpan(process.cpuUsage(start));
}

function nanosecondsOfSpan({ user, system }) {
  return ((user + system) * 1000) / spansARound;
}

function forget() {
  trace.disable();
  context.disable();
}
