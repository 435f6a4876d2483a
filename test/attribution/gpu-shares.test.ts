import * as fc from "fast-check";
import { expect, test } from "vitest";
import { addGpuTick, type GpuTick, gpuAttribution, noGpuTotals } from "../../src/attribution/gpu-shares.ts";

const totalsOf = (ticks: readonly GpuTick[]) => ticks.reduce(addGpuTick, noGpuTotals);

/** A second at 300 W. */
const second = { durationSeconds: 1, boardJoules: 300 };

test("with known idle power a task alone on the board gets all that is above it", () => {
  const totals = totalsOf([{ ...second, taskSmPercent: 40, allSmPercent: 40 }]);
  expect(gpuAttribution(totals, 100)).toMatchObject({ taskJoules: 200, othersJoules: 0, unattributedJoules: 100 });
});

test("two processes share by their time on the processors, also where they take turns and the sum exceeds 100 %", () => {
  const totals = totalsOf([{ ...second, taskSmPercent: 90, allSmPercent: 180 }]);
  expect(gpuAttribution(totals, 100)).toMatchObject({ taskJoules: 100, othersJoules: 100, unattributedJoules: 100 });
});

test("without idle power the idle part of the time is nobody's, and the interval reaches up to what it may have left out", () => {
  const totals = totalsOf([{ ...second, taskSmPercent: 25, allSmPercent: 50 }]);
  const { taskJoules, othersJoules, unattributedJoules, additiveJoules } = gpuAttribution(totals, null);
  expect([taskJoules, othersJoules, unattributedJoules]).toEqual([75, 75, 150]);
  // Between 75 J (by time) and 150 J (half of all), as if nothing were known in between.
  expect(additiveJoules).toBeGreaterThan(75 / Math.sqrt(12));
});

test("a task is not charged for a tick in which it had no work", () => {
  const totals = totalsOf([
    { ...second, taskSmPercent: 0, allSmPercent: 100 },
    { durationSeconds: 1, boardJoules: 100, taskSmPercent: 100, allSmPercent: 100 },
  ]);
  expect(gpuAttribution(totals, 50).taskJoules).toBe(50);
});

test("where processes are never told apart, the task's part is not known, and nothing is given to anybody", () => {
  const totals = totalsOf([{ ...second, taskSmPercent: null, allSmPercent: 0 }]);
  expect(gpuAttribution(totals, null)).toMatchObject({ taskJoules: null, unattributedJoules: 300 });
});

test("alone on the board there is nobody to be confused with", () => {
  const alone = totalsOf([{ ...second, taskSmPercent: 50, allSmPercent: 50 }]);
  const shared = totalsOf([{ ...second, taskSmPercent: 25, allSmPercent: 50 }]);
  expect(gpuAttribution(alone, 50).shareLnSigma).toBe(0);
  expect(gpuAttribution(shared, 50).shareLnSigma).toBeCloseTo(0.1, 12);
});

const anyTick = fc
  .record({
    durationSeconds: fc.double({ min: 0.01, max: 60, noNaN: true }),
    watts: fc.double({ min: 0, max: 1000, noNaN: true }),
    taskSmPercent: fc.option(fc.integer({ min: 0, max: 100 })),
    othersSmPercent: fc.integer({ min: 0, max: 400 }),
  })
  .map(({ durationSeconds, watts, taskSmPercent, othersSmPercent }) => ({
    durationSeconds,
    boardJoules: watts * durationSeconds,
    taskSmPercent,
    allSmPercent: (taskSmPercent ?? 0) + othersSmPercent,
  }));

test("task, others and unattributed sum to the board's energy, whatever happened", () => {
  const idle = fc.option(fc.double({ min: 0, max: 200, noNaN: true }));
  fc.assert(
    fc.property(fc.array(anyTick, { minLength: 1, maxLength: 50 }), idle, (ticks, idleWatts) => {
      const totals = totalsOf(ticks);
      const { taskJoules, othersJoules, unattributedJoules } = gpuAttribution(totals, idleWatts);
      const board = ticks.reduce((sum, { boardJoules }) => sum + boardJoules, 0);
      expect((taskJoules ?? 0) + othersJoules + unattributedJoules).toBeCloseTo(board, 6);
    }),
  );
});
