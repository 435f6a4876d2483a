import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import type { EndedTask, TaskInterval, TaskSink } from "../../src/monitor/task-interval.ts";
import { quietLogger, spin, use } from "./quiet-logger.ts";
import { residueOf } from "./task-bench-top.ts";

interface Listener extends TaskSink {
  readonly intervals: TaskInterval[];
  readonly tasks: EndedTask[];
  closed: number;
}

function listener(): Listener {
  const [intervals, tasks]: [TaskInterval[], EndedTask[]] = [[], []];
  return {
    name: "test",
    intervals,
    tasks,
    closed: 0,
    interval: (interval) => void intervals.push(interval),
    ended: (task) => void tasks.push(task),
    async close() {
      this.closed += 1;
    },
  };
}

test("a sink is handed what each name used in the interval, with its grams", async () => {
  const sink = listener();
  await using logger = await quietLogger({ sinks: [sink] });
  await use(logger, "checkout");
  await logger.flush();
  const [interval] = sink.intervals;
  expect(interval).toMatchObject({ energySource: "powercap" });
  expect(interval?.names).toMatchObject([{ name: "checkout", started: 1, completed: 1, problem: null }]);
  const [checkout] = interval?.names ?? [];
  expect(checkout?.marginalJoules).toBeGreaterThan(0);
  expect(checkout?.carbon).toMatchObject({ region: "GB", endTs: interval?.timestampEnd });
  expect(checkout?.carbon?.energyWhStated).toBeCloseTo((checkout?.marginalJoules ?? 0) / 3600, 12);
  expect(interval === undefined ? 1 : residueOf(interval)).toBeCloseTo(0, 9);
});

test("the grams of one interval share their errors by name, so that their sum is right", async () => {
  const sink = listener();
  await using logger = await quietLogger({ sinks: [sink] });
  await Promise.all([use(logger, "a"), use(logger, "b")]);
  await logger.flush();
  const sources = sink.intervals[0]?.names.map(({ carbon }) => [...(carbon?.components.keys() ?? [])].sort());
  expect(sources).toHaveLength(2);
  expect(sources?.[0]).toEqual(sources?.[1]);
  expect(sources?.[0]).toEqual(expect.arrayContaining([expect.stringMatching(/^rapl\./)]));
});

test("a task that has ended is handed on once its energy is known", async () => {
  const sink = listener();
  await using logger = await quietLogger({ sinks: [sink] });
  await use(logger, "checkout");
  await expect.poll(() => sink.tasks.length, { timeout: 5000 }).toBe(1);
  expect(sink.tasks[0]).toMatchObject({ name: "checkout", outcome: "completed", isSettled: true });
  const { timestampStart = "", timestampEnd = "", durationSeconds = 0 } = sink.tasks[0] ?? {};
  expect((Date.parse(timestampEnd) - Date.parse(timestampStart)) / 1000).toBeCloseTo(durationSeconds, 2);
});

test("closing hands on the last interval and the last tasks, and closes each sink once", async () => {
  const sink = listener();
  const logger = await quietLogger();
  logger.addSink(sink);
  await use(logger, "last");
  await logger.close();
  await logger.close();
  expect(sink.tasks.map(({ name }) => name)).toEqual(["last"]);
  expect(sink.intervals.flatMap(({ names }) => names.map(({ name }) => name))).toEqual(["last"]);
  expect(sink.closed).toBe(1);
});

test("all intervals together are the report", async () => {
  const sink = listener();
  const logger = await quietLogger({ sinks: [sink] });
  for (let round = 0; round < 3; round += 1) {
    await use(logger, "a");
    await logger.flush();
  }
  await logger.close();
  const joules = sink.intervals.flatMap(({ names }) => names.map(({ marginalJoules }) => marginalJoules ?? 0));
  const sum = joules.reduce((total, each) => total + each, 0);
  expect(sum).toBeCloseTo(logger.taskReport().tasks[0]?.marginalJoules ?? 0, 9);
  expect(sink.intervals).toHaveLength(4);
});

test("what sinks throw, reject or never answer reaches nobody but `problems`", async () => {
  const sink = listener();
  const bad: TaskSink = {
    name: "bad",
    interval: () => {
      throw new Error("no room");
    },
    flush: async () => Promise.reject(new Error("refused")),
    close: async () => new Promise(() => undefined),
  };
  const logger = await quietLogger({ sinks: [bad, sink] });
  await use(logger, "a");
  await logger.flush();
  expect(sink.intervals).toHaveLength(1);
  expect(logger.problems).toContainEqual("The sink bad failed 2 times, last with: refused");
  await logger.close({ timeoutMs: 200 });
  expect(sink.closed).toBe(1);
});

test("a sink that is called while a task runs does not become part of it", async () => {
  const sink: TaskSink = { name: "busy", interval: () => spin(200) };
  await using logger = await quietLogger();
  const task = logger.start("small", { enter: false });
  await task.run(async () => {
    logger.addSink(sink);
    await logger.flush();
  });
  task.end();
  await delay(250);
  const { tasks, outsideTasks } = logger.taskReport();
  expect(tasks[0]?.cpuSeconds).toBeLessThan(outsideTasks.cpuSeconds);
});

test("without any source of energy there are no grams, and each name says why", async () => {
  const sink = listener();
  await using logger = await quietLogger({
    sinks: [sink],
    roots: { proc: "/nowhere", sys: "/nowhere", msr: "/nowhere" },
  });
  await use(logger, "a");
  await logger.flush();
  expect(sink.intervals[0]?.names).toMatchObject([
    { marginalJoules: null, carbon: null, problem: expect.stringContaining("No energy could be read") },
  ]);
});

test("a region that does not exist stops no measuring: the grams are unknown, and the reason is beside them", async () => {
  const sink = listener();
  await using logger = await quietLogger({ sinks: [sink], region: "Atlantis" });
  await use(logger, "a");
  await logger.flush();
  expect(sink.intervals[0]?.names).toMatchObject([{ carbon: null, problem: expect.stringContaining("Atlantis") }]);
  expect(sink.intervals[0]?.names[0]?.marginalJoules).toBeGreaterThan(0);
  expect(logger.problems).toEqual([expect.stringContaining("Atlantis")]);
});

test("an interval ends by itself", async () => {
  const sink = listener();
  await using logger = await quietLogger({ sinks: [sink], intervalSeconds: 1 });
  await use(logger, "a");
  await expect.poll(() => sink.intervals.length, { timeout: 10_000 }).toBeGreaterThan(1);
  expect(sink.intervals[0]?.durationSeconds).toBeGreaterThan(0.9);
});

test("before anything was started, an interval says what the process used all the same", async () => {
  const sink = listener();
  await using logger = await quietLogger({ sinks: [sink] });
  spin(50);
  await logger.flush();
  expect(sink.intervals[0]).toMatchObject({ names: [] });
  expect(sink.intervals[0]?.process.cpuSeconds).toBeGreaterThan(0.01);
});
