import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { EnergyLogger } from "../../src/monitor/energy-logger.ts";
import { cleanEnvironment, endOf, type ProgramEnd, temporaryDirectory } from "../support/program.ts";
import { spin } from "./quiet-logger.ts";
import { residueOf } from "./task-bench-top.ts";

/** Runs a program of its own that uses the built package. */
async function run(lines: readonly string[]): Promise<ProgramEnd> {
  const home = temporaryDirectory();
  const entry = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
  const path = join(home, "program.mjs");
  writeFileSync(path, [`import { EnergyLogger } from ${JSON.stringify(entry)};`, ...lines].join("\n"));
  return endOf(
    spawn(process.execPath, [path], {
      cwd: home,
      env: cleanEnvironment(home),
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 50_000,
    }),
  );
}

test("spans that overlap are each charged with their own, and together with no more than the process", async () => {
  await using logger = await EnergyLogger.open();
  const work = async (milliseconds: number): Promise<void> => {
    for (let turn = 0; turn < 4; turn += 1) {
      spin(milliseconds / 4);
      await delay(1);
    }
  };
  const [small, large] = await Promise.all([
    logger.monitor("small", async () => work(40)),
    logger.monitor("large", async () => work(160)),
  ]);
  const whole = await logger.logMetrics("whole");
  const ofTasks = (small.metric.energy.energyWhTask ?? 0) + (large.metric.energy.energyWhTask ?? 0);
  expect(small.metric.overlapped && large.metric.overlapped).toBe(true);
  expect(ofTasks).toBeGreaterThan(0);
  expect(ofTasks).toBeLessThanOrEqual((whole.energy.energyWhTask ?? 0) * 1.001);
  expect(large.metric.task?.cpuSeconds).toBeGreaterThan(small.metric.task?.cpuSeconds ?? 1);
  expect(Math.abs(residueOf(logger.taskReport()))).toBeLessThan(1e-9);
});

test("labels are in the metric, as they were written", async () => {
  await using logger = await EnergyLogger.open();
  const { metric } = await logger.monitor("task", () => 1, undefined, { labels: { customerId: "7" } });
  const json: unknown = JSON.parse(JSON.stringify(metric));
  expect(json).toMatchObject({ task: { labels: { customerId: "7" }, outcome: "completed", is_resolved_alone: false } });
});

test("a span whose signal is aborted is cancelled, and what its function returns still arrives", async () => {
  await using logger = await EnergyLogger.open();
  const abort = new AbortController();
  const work = () => {
    abort.abort();
    return "partial";
  };
  const { result, metric } = await logger.monitor("download", work, undefined, { signal: abort.signal });
  expect([result, metric.task?.outcome]).toEqual(["partial", "cancelled"]);
});

test("a worker thread is charged to the task that created it", async () => {
  await using logger = await EnergyLogger.open();
  const task = logger.start("parallel", { enter: false });
  const busy =
    "const end = Date.now() + 400; while (Date.now() < end); require('node:worker_threads').parentPort.once('message', () => 0)";
  const worker = task.run(() => new Worker(busy, { eval: true }));
  await once(worker, "online");
  await delay(600);
  const { tasks } = logger.taskReport();
  task.end();
  await worker.terminate();
  // Its loop takes 0.4 s of wall time; on a busy machine it has less of the CPU.
  expect(tasks[0]?.cpuSeconds).toBeGreaterThan(0.03);
});

test("hundreds of spans a second are measured with few readings, and have energy all the same", async () => {
  await using logger = await EnergyLogger.open();
  await Promise.all(Array.from({ length: 300 }, async () => logger.monitor("hot", () => spin(0.1))));
  expect(logger.metrics).toHaveLength(300);
  expect(logger.metrics.every(({ energy }) => energy.energyWhTask !== null)).toBe(true);
});

test("tasks that were never ended do not keep the process open, and nothing is written", async () => {
  const end = await run([
    "const logger = await EnergyLogger.open();",
    "for (let index = 0; index < 1000; index += 1) logger.start('forever', { enter: false });",
    "logger.start('entered');",
  ]);
  expect(end).toMatchObject({ status: 0, signal: null, stderr: "" });
});

test("a process that ends inside a task has its own exit code", async () => {
  const end = await run([
    "const logger = await EnergyLogger.open();",
    "logger.start('task').run(() => process.exit(7));",
  ]);
  expect(end).toMatchObject({ status: 7, stderr: "" });
});

test("an error that nobody catches inside a task ends the process as it would without us", async () => {
  const end = await run([
    "const logger = await EnergyLogger.open();",
    "logger.start('task').run(() => setImmediate(() => { throw new Error('mine'); }));",
  ]);
  expect(end.status).toBe(1);
  expect(end.stderr).toContain("Error: mine");
});

test("after an error that the application swallows, what runs next is not the task's", async () => {
  const end = await run([
    "process.on('uncaughtException', () => undefined);",
    "const spin = (ms) => { const end = performance.now() + ms; while (performance.now() < end); };",
    "const logger = await EnergyLogger.open();",
    "const task = logger.start('failing', { enter: false });",
    "task.run(() => setTimeout(() => { throw new Error('swallowed'); }, 5));",
    "await new Promise((done) => setTimeout(done, 50));",
    "setTimeout(() => spin(300), 1);",
    "await new Promise((done) => setTimeout(done, 400));",
    "const { tasks, outsideTasks } = logger.taskReport();",
    "console.log(JSON.stringify([tasks[0].cpuSeconds < outsideTasks.cpuSeconds]));",
  ]);
  expect(end.stdout.toString().trim()).toBe("[true]");
});

test("two thousand tasks share a signal without a warning of the runtime", async () => {
  const end = await run([
    "const logger = await EnergyLogger.open();",
    "const abort = new AbortController();",
    "const tasks = Array.from({ length: 2000 }, () => logger.start('task', { enter: false, signal: abort.signal }));",
    "abort.abort();",
    "console.log(tasks.every(({ hasEnded }) => hasEnded));",
  ]);
  expect([end.stdout.toString().trim(), end.stderr]).toEqual(["true", ""]);
});
