import { array, assert, constantFrom, integer, property, record } from "fast-check";
import { expect, test } from "vitest";
import type { Task } from "../../src/monitor/task.ts";
import type { TaskInterval } from "../../src/monitor/task-interval.ts";
import { TaskIntervals } from "../../src/monitor/task-intervals.ts";
import { wattHoursFromJoules } from "../../src/units.ts";
import { residueOf, type TaskBench, taskBench } from "./task-bench-top.ts";

interface CutBench extends TaskBench {
  readonly intervals: TaskIntervals;
  /** Reads, and ends the interval. */
  readonly cut: () => TaskInterval;
}

/** A bench whose intervals begin where it does. */
function cutBench(options: Parameters<typeof taskBench>[0] = {}): CutBench {
  const bench = taskBench(options);
  bench.tasks.begin();
  const intervals = new TaskIntervals(bench.edge());
  const cut = (): TaskInterval => {
    bench.settle();
    return intervals.close(bench.edge()).interval;
  };
  return { ...bench, intervals, cut };
}

function work(bench: TaskBench, name: string, milliseconds: number, labels?: Record<string, string>): void {
  const task = bench.tasks.start(name, { enter: false, labels });
  task.run(() => bench.work(milliseconds));
  task.end();
}

test("an interval holds what was used in it, and no more", () => {
  const bench = cutBench();
  work(bench, "a", 100);
  bench.cut();
  work(bench, "a", 200);
  bench.work(50);
  const second = bench.cut();
  // 100 W for 0.2 s, and for 0.05 s beside the tasks.
  expect(second.names[0]).toMatchObject({ name: "a", started: 1, watched: 1, completed: 1, failed: 0 });
  expect(second.names[0]?.marginalJoules).toBeCloseTo(20, 9);
  expect(second.outsideTasks.marginalJoules).toBeCloseTo(5, 9);
  expect(second).toMatchObject({
    timestampStart: "2026-01-01T00:00:00.100Z",
    timestampEnd: "2026-01-01T00:00:00.350Z",
    durationSeconds: 0.25,
    energySource: "powercap",
    energyProvenance: "measured",
  });
  expect(second.sinceStart.tasks[0]?.marginalJoules).toBeCloseTo(30, 9);
});

test("a task that goes over the end of an interval has in each what it used in it", () => {
  const bench = cutBench();
  const task = bench.tasks.start("long", { enter: false });
  task.run(() => bench.work(300));
  const first = bench.cut();
  task.run(() => bench.work(100));
  task.end();
  const second = bench.cut();
  expect([first, second].map(({ names }) => names[0])).toMatchObject([
    { started: 1, completed: 0, marginalJoules: expect.closeTo(30, 9) },
    { started: 0, completed: 1, marginalJoules: expect.closeTo(10, 9) },
  ]);
});

test("a name that did nothing in an interval is not in it", () => {
  const bench = cutBench();
  work(bench, "early", 10);
  bench.cut();
  work(bench, "late", 10);
  expect(bench.cut().names.map(({ name }) => name)).toEqual(["late"]);
});

test("the energy of an interval without a reading is not 0: it is in the next one, whose grams count from where it began", () => {
  const bench = cutBench();
  work(bench, "a", 100);
  bench.cut();
  bench.host.failing = "energy";
  work(bench, "a", 100);
  const blind = bench.cut();
  bench.host.failing = null;
  work(bench, "a", 100);
  bench.settle();
  const after = bench.intervals.close(bench.edge());
  expect(blind.names[0]).toMatchObject({ marginalJoules: null, uncertainty: null, started: 1 });
  expect(blind).toMatchObject({ hostJoules: null, restOfHostJoules: null, process: { marginalJoules: null } });
  expect(after.interval.names[0]?.marginalJoules).toBeCloseTo(20, 9);
  expect(after.interval.gaps).toBeGreaterThanOrEqual(0);
  expect([after.energySinceMs, after.endMs].map((ms) => new Date(ms).toISOString())).toEqual([
    "2026-01-01T00:00:00.100Z",
    "2026-01-01T00:00:00.300Z",
  ]);
});

test("without any source of energy an interval has CPU time alone", () => {
  const bench = cutBench({ isBlind: true });
  work(bench, "a", 40);
  expect(bench.cut()).toMatchObject({
    names: [{ name: "a", cpuSeconds: expect.closeTo(0.04, 9), marginalJoules: null }],
    energySource: null,
    energyProvenance: null,
    hostJoules: null,
  });
});

test("labels that all calls of a name have in common are in its intervals, others are not", () => {
  const bench = cutBench();
  work(bench, "pay", 5, { team: "shop", customer: "1" });
  work(bench, "pay", 5, { team: "shop", customer: "2" });
  work(bench, "plain", 5);
  work(bench, "mixed", 5, { team: "shop" });
  work(bench, "mixed", 5);
  expect(bench.cut().names.map(({ name, labels }) => [name, labels])).toEqual([
    ["pay", { team: "shop" }],
    ["plain", undefined],
    ["mixed", undefined],
  ]);
});

test("the uncertainty of a name in an interval falls with its calls, and is stated for the interval's joules", () => {
  const bench = cutBench();
  work(bench, "once", 50);
  for (let call = 0; call < 25; call += 1) work(bench, "often", 2);
  const [once, often] = bench.cut().names;
  // Short tasks may have drawn nothing, or twice as much: rectangular, and independent of each other. CPU clocks add a little.
  expect(once?.uncertainty?.additiveWh).toBeCloseTo(wattHoursFromJoules(5 / Math.sqrt(3)), 4);
  expect(often?.uncertainty?.additiveWh).toBeCloseTo(wattHoursFromJoules(5 / Math.sqrt(3 * 25)), 4);
});

test("the energies that grams are made of are those of the interval's names, in their order", () => {
  const bench = cutBench();
  work(bench, "a", 30);
  work(bench, "b", 60);
  bench.settle();
  const { interval, energies } = bench.intervals.close(bench.edge());
  expect(energies.map((energy) => energy?.energyWhTask)).toEqual(
    interval.names.map(({ marginalJoules }) => wattHoursFromJoules(marginalJoules ?? Number.NaN)),
  );
});

const names = ["a", "b", "c"] as const;

test("parts add up to the process in every interval, and intervals to the whole", () => {
  const step = record({
    what: constantFrom("start", "end", "work", "read", "cut", "sampled"),
    name: constantFrom(...names),
    milliseconds: integer({ min: 1, max: 400 }),
  });
  assert(
    property(array(step, { maxLength: 60 }), (steps) => {
      let turn = 0;
      const random = (): number => {
        turn = (turn * 7 + 3) % 10;
        return turn / 10;
      };
      const bench = cutBench({ random });
      const open: Task[] = [];
      const intervals: TaskInterval[] = [];
      for (const { what, name, milliseconds } of steps) {
        if (what === "start") open.push(bench.tasks.start(name, { enter: false }));
        else if (what === "sampled") open.push(bench.tasks.start(name, { enter: false, sampleRatio: 0.4 }));
        else if (what === "end") open.shift()?.end();
        else if (what === "work")
          (open.at(milliseconds % Math.max(1, open.length)) ?? bench.tasks.start(name, { enter: false })).run(() =>
            bench.work(milliseconds),
          );
        else if (what === "read") bench.settle();
        else intervals.push(bench.cut());
      }
      intervals.push(bench.cut());
      for (const interval of intervals) expect(residueOf(interval)).toBeCloseTo(0, 7);
      const last = bench.report();
      for (const { name, ...whole } of last.tasks) {
        const parts = intervals.flatMap((interval) => interval.names.filter((figures) => figures.name === name));
        for (const member of ["started", "watched", "completed", "cpuSeconds", "marginalJoules"] as const) {
          const sum = parts.reduce((total, part) => total + (part[member] ?? 0), 0);
          expect(sum).toBeCloseTo(whole[member] ?? 0, 7);
        }
      }
      const host = intervals.reduce((sum, { hostJoules }) => sum + (hostJoules ?? 0), 0);
      expect(host).toBeCloseTo(last.hostJoules ?? 0, 6);
    }),
    { numRuns: 100 },
  );
});
