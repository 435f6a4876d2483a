import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AttributionTotals,
  addTick,
  allocationRatio,
  type Tick,
  totalsBetween,
  zeroTotals,
} from "../../src/attribution/accumulator.ts";

function totalsOf(ticks: readonly Tick[], idleWatts = 0): AttributionTotals {
  return ticks.reduce<AttributionTotals>((totals, tick) => addTick(totals, tick, idleWatts), zeroTotals);
}

/** A tick of one second. */
function second(hostJoules: number, hostBusyCpuSeconds: number, taskCpuSeconds: number): Tick {
  return { durationSeconds: 1, hostJoules, hostBusyCpuSeconds, taskCpuSeconds };
}

const seconds = (max: number) => fc.double({ min: 0, max, noNaN: true });

/** A host's ticks, each with the CPU seconds that three tasks spent; nobody else was busy. */
const ticksOfThreeTasks = fc.array(
  fc.record({
    durationSeconds: fc.double({ min: 0.01, max: 60, noNaN: true }),
    hostJoules: seconds(10_000),
    cpuSeconds: fc.tuple(seconds(8), seconds(8), seconds(8)),
  }),
  { minLength: 1, maxLength: 50 },
);

test("a task is charged with its share of the CPU time, of the energy above the idle baseline", () => {
  const tick = { durationSeconds: 10, hostJoules: 200, hostBusyCpuSeconds: 4, taskCpuSeconds: 1 };
  // 200 J - 5 W * 10 s = 150 J are active, and a quarter of them is the task's.
  expect(totalsOf([tick], 5)).toMatchObject({ hostJoules: 200, activeJoules: 150, taskJoules: 37.5 });
});

test("without a baseline, idle energy is shared like the rest", () => {
  expect(totalsOf([second(200, 4, 1)])).toMatchObject({ activeJoules: 200, taskJoules: 50 });
});

test("a task that was busy while the host was quiet does not pay for what others did later", () => {
  const alone = second(10, 1, 1);
  const others = second(390, 9, 0);
  // Over the whole span it has a tenth of the CPU time; a tenth of 400 J would be four times what it took.
  expect(totalsOf([alone, others]).taskJoules).toBe(10);
});

test("tasks, and what nobody is charged with, together are the host's energy", () => {
  fc.assert(
    fc.property(ticksOfThreeTasks, fc.double({ min: 0, max: 50, noNaN: true }), (ticks, idleWatts) => {
      const totalsOfTask = (task: 0 | 1 | 2) =>
        totalsOf(
          ticks.map(({ cpuSeconds, ...tick }) => ({
            ...tick,
            hostBusyCpuSeconds: cpuSeconds[0] + cpuSeconds[1] + cpuSeconds[2],
            taskCpuSeconds: cpuSeconds[task],
          })),
          idleWatts,
        );
      const tasks = [totalsOfTask(0), totalsOfTask(1), totalsOfTask(2)];
      const taskJoules = tasks.reduce((sum, totals) => sum + totals.taskJoules, 0);
      const idleJoules = ticks.reduce((sum, tick) => sum + idleWatts * tick.durationSeconds, 0);
      const activeWhileNobodyWasBusy = ticks
        .filter(({ cpuSeconds }) => cpuSeconds.every((spent) => spent === 0))
        .reduce((sum, tick) => sum + tick.hostJoules - idleWatts * tick.durationSeconds, 0);
      const hostJoules = ticks.reduce((sum, tick) => sum + tick.hostJoules, 0);
      const scale = hostJoules + idleJoules + 1;
      expect(Math.abs(taskJoules + activeWhileNobodyWasBusy + idleJoules - hostJoules) / scale).toBeLessThan(1e-9);
      for (const totals of tasks) expect(Math.abs(totals.hostJoules - hostJoules) / scale).toBeLessThan(1e-12);
    }),
  );
});

test("the parts of a span add up to the span", () => {
  fc.assert(
    fc.property(ticksOfThreeTasks, fc.nat({ max: 50 }), (ticks, cut) => {
      const own = ticks.map(({ cpuSeconds, ...tick }) => ({
        ...tick,
        hostBusyCpuSeconds: cpuSeconds[0] + cpuSeconds[1],
        taskCpuSeconds: cpuSeconds[0],
      }));
      const middle = totalsOf(own.slice(0, cut), 3);
      const end = own.slice(cut).reduce<AttributionTotals>((totals, tick) => addTick(totals, tick, 3), middle);
      const later = totalsBetween(middle, end);
      expect(middle.taskJoules + later.taskJoules).toBeCloseTo(end.taskJoules, 6);
      expect(middle.activeJoules + later.activeJoules).toBeCloseTo(end.activeJoules, 6);
      expect(middle.hostJoules + later.hostJoules).toBeCloseTo(end.hostJoules, 6);
      expect(middle.taskShareSeconds + later.taskShareSeconds).toBeCloseTo(end.taskShareSeconds, 6);
      expect(middle.tickCount + later.tickCount).toBe(own.length);
    }),
  );
});

test("a host that drew less than its baseline has negative active energy, and so has the task", () => {
  expect(totalsOf([second(8, 1, 0.5)], 10)).toMatchObject({ hostJoules: 8, activeJoules: -2, taskJoules: -1 });
});

test("a task that did nothing is charged with nothing", () => {
  expect(totalsOf([second(100, 2, 0)], 10).taskJoules).toBe(0);
});

test("energy of a tick in which nobody was busy is nobody's", () => {
  expect(totalsOf([second(100, 0, 0)])).toMatchObject({ hostJoules: 100, taskJoules: 0 });
});

test("CPU time that the host's coarser clock has not seen yet is shared in the next tick", () => {
  const early = addTick(zeroTotals, second(10, 0.01, 0.013), 0);
  expect(early.taskJoules).toBe(10);
  expect(early.carriedTaskCpuSeconds).toBeCloseTo(0.003, 12);
  const caughtUp = addTick(early, second(10, 0.02, 0.007), 0);
  // 3 ms of before and 7 ms of now are half of the 20 ms.
  expect(caughtUp.taskJoules - early.taskJoules).toBeCloseTo(5, 9);
  expect(caughtUp.carriedTaskCpuSeconds).toBe(0);
});

test("nothing that a busy task spent is lost to the 10 ms of the host's clock", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.02, max: 2, noNaN: true }), { minLength: 1, maxLength: 100 }),
      fc.double({ min: 0, max: 0.0099, noNaN: true }),
      (cpuSecondsOfTicks, phase) => {
        // The task is alone on the host, which takes 1 J for each second that its clock shows.
        let spent = 0;
        let shown = 0;
        const ticks = cpuSecondsOfTicks.map((taskCpuSeconds) => {
          spent += taskCpuSeconds;
          const nowShown = Math.floor((spent - phase) * 100) / 100;
          const hostBusyCpuSeconds = Math.max(0, nowShown - shown);
          shown += hostBusyCpuSeconds;
          return second(hostBusyCpuSeconds, hostBusyCpuSeconds, taskCpuSeconds);
        });
        const totals = totalsOf(ticks);
        expect(totals.taskJoules + totals.carriedTaskCpuSeconds).toBeCloseTo(spent, 9);
      },
    ),
  );
});

test("a host whose clock stands still gives no claim beyond one tick on what others do later", () => {
  const stuck = totalsOf(Array.from({ length: 1000 }, () => second(1, 0, 0.5)));
  expect(stuck.carriedTaskCpuSeconds).toBe(0.5);
  const { taskJoules } = addTick(stuck, second(100, 10, 0), 0);
  expect(taskJoules).toBeCloseTo(5, 9);
});

test("the allocation ratio is the attributed part of the active energy", () => {
  expect(allocationRatio(totalsOf([second(110, 4, 1)], 10))).toBe(0.25);
});

test.each([
  ["nothing was measured", zeroTotals],
  ["the host drew its baseline and no more", totalsOf([second(10, 1, 1)], 10)],
  ["the host drew less than its baseline", totalsOf([second(8, 1, 1)], 10)],
])("there is no allocation ratio when %s", (_when, totals) => {
  expect(allocationRatio(totals)).toBeNull();
});

test("the allocation ratio stays between 0 and 1 where single ticks were below the baseline", () => {
  const paidAbove = totalsOf([second(20, 1, 1), second(1, 1, 0)], 10);
  const paidBelow = totalsOf([second(20, 1, 0), second(1, 1, 1)], 10);
  expect(allocationRatio(paidAbove)).toBe(1);
  expect(allocationRatio(paidBelow)).toBe(0);
});
