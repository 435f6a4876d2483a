import { expect, test } from "vitest";
import type { EnergyFigures } from "../../src/monitor/energy-figures.ts";
import { type PartOfSpan, type RecordSpan, RecordSpans } from "../../src/monitor/record-span.ts";
import { TaskIntervals } from "../../src/monitor/task-intervals.ts";
import { joulesFromWattHours } from "../../src/units.ts";
import { type TaskBench, taskBench } from "./task-bench-top.ts";

interface SpanBench extends TaskBench {
  /** Ends the interval, as the logger does each minute, and with it perhaps the span. */
  readonly cut: (asked?: "time" | "flush" | "last") => RecordSpan | null;
  readonly call: (name: string, milliseconds: number) => void;
}

/** A process at 100 W whose records are of an hour, unless told otherwise. */
function spanBench(spanSeconds = 3600, options: Parameters<typeof taskBench>[0] = {}): SpanBench {
  const bench = taskBench(options);
  bench.tasks.begin();
  const first = bench.edge();
  const intervals = new TaskIntervals(first);
  const spans = new RecordSpans(first, spanSeconds);
  return {
    ...bench,
    cut: (asked = "time") => {
      bench.settle();
      const edge = bench.edge();
      return spans.take(intervals.close(edge), edge, asked);
    },
    call: (name, milliseconds) => {
      const task = bench.tasks.start(name, { enter: false });
      task.run(() => bench.work(milliseconds));
      task.end();
    },
  };
}

const minuteMs = 60_000;
const startMs = 1_767_225_600_000;

function partOf(span: RecordSpan | null, name: string): PartOfSpan | undefined {
  return span?.parts.find((part) => part.name === name);
}

function joulesOf(energy: EnergyFigures | null | undefined): number {
  return joulesFromWattHours(energy?.energyWhTask ?? 0);
}

test("the intervals of an hour make one span, with the calls and the energy of all of them", () => {
  const bench = spanBench();
  const spans = Array.from({ length: 60 }, () => {
    bench.call("pay", 10_000);
    bench.work(minuteMs - 10_000);
    return bench.cut();
  });
  expect(spans.slice(0, -1).every((span) => span === null)).toBe(true);
  const [span = null] = spans.slice(-1);
  expect(span).toMatchObject({ startMs, endMs: startMs + 60 * minuteMs });
  expect(partOf(span, "pay")).toMatchObject({
    processPart: "task",
    calls: { started: 60, watched: 60, completed: 60, failed: 0, cancelled: 0, durationSeconds: 600, cpuSeconds: 600 },
  });
  expect(joulesOf(partOf(span, "pay")?.energy)).toBeCloseTo(60_000, 6);
  expect(span?.parts.map(({ processPart }) => processPart)).toEqual(["task", "outsideTasks"]);
});

test("a span knows in which five minutes its energy was used", () => {
  const bench = spanBench();
  for (let minute = 0; minute < 60; minute += 1) {
    if (minute < 5 || minute === 30) bench.call("pay", minuteMs);
    else bench.work(minuteMs);
    if (minute < 59) bench.cut();
  }
  const times = partOf(bench.cut(), "pay")?.energyByTime ?? [];
  const partMs = 5 * minuteMs;
  expect(times).toEqual([
    { startMs, endMs: startMs + partMs, energyWh: expect.closeTo(8.33333, 5) },
    { startMs: startMs + 6 * partMs, endMs: startMs + 7 * partMs, energyWh: expect.closeTo(1.66667, 5) },
  ]);
});

test("spans add up to the report of the process, task by task and with what is no task's", () => {
  const bench = spanBench(300);
  const sums = new Map<string, number>();
  for (let minute = 0; minute < 23; minute += 1) {
    bench.call(`task ${minute % 3}`, 7000 + 1000 * minute);
    bench.work(minuteMs / 2);
    const span = bench.cut(minute === 22 ? "last" : "time");
    for (const { processPart, name, energy } of span?.parts ?? []) {
      const key = `${processPart} ${name}`;
      sums.set(key, (sums.get(key) ?? 0) + joulesOf(energy));
    }
  }
  const { tasks, outsideTasks, process } = bench.report();
  for (const { name, marginalJoules } of tasks) expect(sums.get(`task ${name}`)).toBeCloseTo(marginalJoules ?? 0, 6);
  expect(sums.get("outsideTasks ")).toBeCloseTo(outsideTasks.marginalJoules ?? 0, 6);
  expect([...sums.values()].reduce((sum, each) => sum + each, 0)).toBeCloseTo(process.marginalJoules ?? 0, 6);
});

test("a name that was idle is in no span", () => {
  const bench = spanBench(60);
  bench.call("once", 1000);
  bench.work(minuteMs);
  expect(partOf(bench.cut(), "once")).toBeDefined();
  bench.call("other", 1000);
  bench.work(minuteMs);
  const second = bench.cut();
  expect([partOf(second, "once"), partOf(second, "other")?.name]).toEqual([undefined, "other"]);
});

test("a flush ends a span that tasks had a part in, and leaves others alone", () => {
  const bench = spanBench();
  bench.work(1000);
  expect(bench.cut("flush")).toBeNull();
  bench.call("pay", 1000);
  const flushed = bench.cut("flush");
  expect(partOf(flushed, "pay")).toBeDefined();
  expect(joulesOf(flushed?.parts.find(({ processPart }) => processPart === "outsideTasks")?.energy)).toBeCloseTo(
    100,
    6,
  );
  bench.work(1000);
  expect(bench.cut("flush")).toBeNull();
  expect(bench.cut("last")?.parts).toHaveLength(1);
});

test("a program that ends within its first span and had no task is not recorded", () => {
  const bench = spanBench();
  bench.work(1000);
  expect(bench.cut("last")).toBeNull();
});

test("a span waits for its energy while the source is silent, and then has the calls of that time", () => {
  const bench = spanBench(60);
  bench.host.failing = "energy";
  bench.call("pay", minuteMs);
  expect(bench.cut()).toBeNull();
  bench.host.failing = null;
  bench.call("pay", minuteMs);
  const span = bench.cut();
  expect(partOf(span, "pay")?.calls).toMatchObject({ started: 2 });
  expect(joulesOf(partOf(span, "pay")?.energy)).toBeCloseTo(12_000, 6);
});

test("where nothing can be read, calls are handed on without energy", () => {
  const bench = spanBench(60, { isBlind: true });
  bench.call("pay", minuteMs);
  expect(bench.cut()?.parts).toMatchObject([{ name: "pay", calls: { started: 1 }, energy: null }]);
});

test("a day has parts that a record can hold", () => {
  const bench = spanBench(86_400);
  let span: RecordSpan | null = null;
  for (let minute = 0; minute < 1440; minute += 1) {
    bench.call("pay", minuteMs);
    span = bench.cut();
  }
  const times = partOf(span, "pay")?.energyByTime ?? [];
  expect(times.length).toBe(72);
  expect(times.reduce((sum, { energyWh }) => sum + energyWh, 0)).toBeCloseTo(2400, 2);
});
