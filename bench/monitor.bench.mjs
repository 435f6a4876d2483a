import { AsyncLocalStorage } from "node:async_hooks";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { EnergyLogger } from "../dist/index.js";
import { runService } from "./task-service.mjs";

/**
 * What tasks of a concurrent process cost, and how right their shares are. Ends with status 1 when at the 95th percentile a share is more than
 * 5 percentage points off, when the parts do not add up to the process, or when memory grows with the number of tasks.
 *
 * `node bench/monitor.bench.mjs --slice-ms 0.5` makes the work finer, so that what the event loop itself costs weighs more.
 */
const { values } = parseArgs({ options: { "slice-ms": { type: "string", default: "1" } } });
const sliceMs = Number(values["slice-ms"]);
const rounds = 20;
const roundSeconds = 2;
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
const failures = [];
const span = "an OpenTelemetry span, start and end, in a batch";
const discardingExporter = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => undefined };

await shares();
await cost();
await loopDelay();
await finishedTasks();
await openTasks();
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

async function shares() {
  const errors = [];
  let largestResidue = 0;
  let attributed = 0;
  for (let round = 0; round < rounds; round += 1) {
    const logger = await EnergyLogger.open();
    const truth = await runService(logger, roundSeconds, sliceMs);
    const report = logger.taskReport();
    await logger.close();
    largestResidue = Math.max(largestResidue, residueOf(report));
    const trueSum = Object.values(truth).reduce((sum, seconds) => sum + seconds, 0);
    const shownSum = report.tasks.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    attributed += shownSum / report.process.cpuSeconds / rounds;
    for (const { name, cpuSeconds } of report.tasks) {
      errors.push(100 * Math.abs(cpuSeconds / shownSum - truth[name] / trueSum));
    }
  }
  errors.sort((left, right) => left - right);
  const at = (part) => errors[Math.min(errors.length - 1, Math.floor(part * errors.length))];
  console.log(
    `four kinds of task at once with 10, 20, 30 and 40 % of the CPU, ${rounds} rounds of ${roundSeconds} s, slices of ${sliceMs} ms`,
  );
  console.log(
    `  error of a share                     median ${at(0.5).toFixed(2)}, p95 ${at(0.95).toFixed(2)}, largest ${at(1).toFixed(2)} points`,
  );
  console.log(`  of the process's CPU time in tasks   ${(100 * attributed).toFixed(1)} %`);
  console.log(`  residue: process less all its parts  ${largestResidue.toExponential(1)} of it at most`);
  if (at(0.95) > 5) failures.push(`At p95 a share is ${at(0.95).toFixed(2)} points off.`);
  if (!(largestResidue <= 1e-9)) failures.push(`The parts do not add up to the process: ${largestResidue} is left.`);
}

/** Relative, of CPU time and of joules, the larger one. */
function residueOf({ tasks, outsideTasks, otherThreads, childProcesses, process: whole }) {
  const parts = [...tasks, outsideTasks, otherThreads, childProcesses];
  const residue = (of) => Math.abs(parts.reduce((left, part) => left - of(part), of(whole))) / Math.abs(of(whole));
  return Math.max(
    residue(({ cpuSeconds }) => cpuSeconds),
    residue(({ marginalJoules }) => marginalJoules),
    residue(({ proportionalJoules }) => proportionalJoules),
  );
}

async function cost() {
  const calls = 200_000;
  const storage = new AsyncLocalStorage();
  const logger = await EnergyLogger.open();
  const tracer = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(discardingExporter)] }).getTracer(
    "bench",
  );
  const subjects = {
    "AsyncLocalStorage.run of nothing": () => storage.run({}, () => undefined),
    [span]: () => tracer.startSpan("task").end(),
    "start and end": () => logger.start("task").end(),
    "start, run of nothing and end": () => {
      const task = logger.start("task", { enter: false });
      task.run(() => undefined);
      task.end();
    },
    "start and end, 1 % of the calls watched": () => logger.start("sampled", { sampleRatio: 0.01 }).end(),
  };
  const best = new Map();
  for (let round = 0; round < 7; round += 1) {
    for (const [label, call] of Object.entries(subjects)) {
      const startMs = performance.now();
      for (let count = 0; count < calls; count += 1) call();
      const nanoseconds = (1e6 * (performance.now() - startMs)) / calls;
      best.set(label, Math.min(nanoseconds, best.get(label) ?? Number.POSITIVE_INFINITY));
      await delay(0);
    }
  }
  await logger.close();
  console.log(`cost of a task (best of 7 rounds of ${calls} calls), and its ratio to an OpenTelemetry span`);
  for (const [label, nanoseconds] of best) {
    const ratio = (nanoseconds / best.get(span)).toFixed(2);
    console.log(`  ${label.padEnd(44)} ${nanoseconds.toFixed(0).padStart(6)} ns ${ratio.padStart(6)}`);
  }
}

/** How late the event loop is under a light load of timers, without a logger and with every callback in a task of its own. */
async function loopDelay() {
  const withoutMs = [];
  const withTasksMs = [];
  for (let round = 0; round < 5; round += 1) {
    withoutMs.push(await lateness((work) => work()));
    const logger = await EnergyLogger.open();
    withTasksMs.push(
      await lateness((work) => {
        const task = logger.start("timer", { enter: false });
        task.run(work);
        task.end();
      }),
    );
    await logger.close();
  }
  console.log("lateness of the event loop (mean, 99th percentile; median of 5 rounds of 2 s)");
  for (const [label, figures] of [
    ["without", withoutMs],
    ["with tasks", withTasksMs],
  ]) {
    const [mean, p99] = ["mean", "p99"].map((key) => middle(figures.map((figure) => figure[key])).toFixed(3));
    console.log(`  ${label.padEnd(38)} ${mean} ms, ${p99} ms`);
  }
}

async function lateness(call) {
  const resolutionMs = 1;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  const work = () => {
    const endMs = performance.now() + 0.1;
    while (performance.now() < endMs);
  };
  const timers = Array.from({ length: 4 }, (_, index) => setInterval(() => call(work), 3 + index));
  histogram.enable();
  await delay(2000);
  histogram.disable();
  for (const timer of timers) clearInterval(timer);
  return { mean: histogram.mean / 1e6 - resolutionMs, p99: histogram.percentile(99) / 1e6 - resolutionMs };
}

function middle(figures) {
  return [...figures].sort((left, right) => left - right)[Math.floor(values.length / 2)];
}

async function finishedTasks() {
  const count = 10_000_000;
  const logger = await EnergyLogger.open();
  const run = async (tasks) => {
    for (let done = 0; done < tasks; done += 1) {
      logger.start("task", { enter: false }).end();
      if (done % 100_000 === 0) await delay(0);
    }
    collectGarbage();
    return process.memoryUsage().heapUsed / 1e6;
  };
  const before = await run(100_000);
  const grown = (await run(count)) - before;
  await logger.close();
  console.log(`memory after 10^7 tasks that ended       ${grown.toFixed(2)} MB more than after 10^5`);
  if (grown > 5) failures.push(`10^7 tasks that ended left ${grown.toFixed(1)} MB behind.`);
}

async function openTasks() {
  const count = 1_000_000;
  const logger = await EnergyLogger.open();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const open = Array.from({ length: count }, () => logger.start("open", { enter: false }));
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  const startMs = performance.now();
  for (let round = 0; round < 20; round += 1) logger.taskReport();
  const reportMs = (performance.now() - startMs) / 20;
  console.log(
    `a million open tasks                     ${bytes.toFixed(0)} bytes each; a reading with its report ${reportMs.toFixed(2)} ms`,
  );
  for (const task of open) task.end();
  const [{ completed }] = logger.taskReport().tasks;
  await logger.close();
  if (completed !== count) failures.push(`${completed} of ${count} open tasks ended.`);
}
