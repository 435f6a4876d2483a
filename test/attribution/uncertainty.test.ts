import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type AttributionTotals, addTick, type Tick, zeroTotals } from "../../src/attribution/accumulator.ts";
import { attributionUncertainty } from "../../src/attribution/uncertainty.ts";

function totalsOf(ticks: readonly Tick[], idleWatts = 0): AttributionTotals {
  return ticks.reduce<AttributionTotals>((totals, tick) => addTick(totals, tick, idleWatts), zeroTotals);
}

const hour: Tick = { durationSeconds: 3600, hostJoules: 360_000, hostBusyCpuSeconds: 3600, taskCpuSeconds: 1800 };

test.each([
  ["a small part of the host's work may be wrong by 12 %", 1, 0.12],
  ["half of it may be wrong by half of that", 1800, 0.06],
  ["all of it has nobody to be confused with", 3600, 0],
])("a share by CPU time: %s", (_what, taskCpuSeconds, shareLnSigma) => {
  const totals = totalsOf([{ ...hour, taskCpuSeconds }]);
  expect(attributionUncertainty(totals, 0, null).shareLnSigma).toBeCloseTo(shareLnSigma, 3);
});

test("four CPU times cut to 10 ms each are worth their rectangular errors in joules", () => {
  // utime and stime at the start and at the end; a rectangle of 10 ms has the variance (10 ms)^2 / 12.
  const cpuSeconds = Math.sqrt(4 * (0.01 ** 2 / 12));
  const joulesPerCpuSecond = 360_000 / 3600;
  expect(attributionUncertainty(totalsOf([hour]), 0, null).additiveJoules).toBeCloseTo(
    cpuSeconds * joulesPerCpuSecond,
    9,
  );
});

test("clock resolution weighs the same however long the span is", () => {
  const resolutionOf = (ticks: readonly Tick[]) => attributionUncertainty(totalsOf(ticks), 0, null).additiveJoules;
  expect(resolutionOf(Array.from({ length: 100 }, () => hour))).toBeCloseTo(resolutionOf([hour]), 9);
});

test("the idle baseline's error grows with the span", () => {
  const errorOf = (ticks: readonly Tick[]) => attributionUncertainty(totalsOf(ticks, 50), 50, null).additiveJoules;
  // 5 % of 50 W over an hour is 9 kJ, of which half are the task's.
  expect(errorOf([hour])).toBeCloseTo(4500, 0);
  expect(errorOf([hour, hour])).toBeCloseTo(9000, 0);
});

test("the idle baseline's error is what the task's energy changes by when the baseline is 5 % higher", () => {
  const tick = fc.record({
    durationSeconds: fc.double({ min: 1, max: 10, noNaN: true }),
    hostJoules: fc.double({ min: 0, max: 1000, noNaN: true }),
    hostBusyCpuSeconds: fc.double({ min: 1, max: 40, noNaN: true }),
    taskCpuSeconds: fc.double({ min: 0.1, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(tick, { minLength: 1, maxLength: 20 }), (ticks) => {
      const idleWatts = 40;
      const totals = totalsOf(ticks, idleWatts);
      const change = totals.taskJoules - totalsOf(ticks, idleWatts * 1.05).taskJoules;
      const resolution = attributionUncertainty(totals, 0, null).additiveJoules;
      const both = attributionUncertainty(totals, idleWatts, null).additiveJoules;
      expect(both).toBeCloseTo(Math.hypot(change, resolution), 6);
    }),
  );
});

test("a task on a host that drew less than its baseline keeps the baseline's error", () => {
  const totals = totalsOf([{ ...hour, hostJoules: 175_000, taskCpuSeconds: 3600 }], 50);
  expect(totals.taskJoules).toBe(-5000);
  expect(attributionUncertainty(totals, 50, null).additiveJoules).toBeCloseTo(9000, 0);
});

test("nothing measured has no error in joules", () => {
  expect(attributionUncertainty(zeroTotals, 10, null).additiveJoules).toBe(0);
});

test("a task too short for the host's clock is not exactly nothing: all the active energy may be its", () => {
  const blink = { durationSeconds: 0.004, hostJoules: 0.2, hostBusyCpuSeconds: 0, taskCpuSeconds: 0.004 };
  expect(attributionUncertainty(totalsOf([blink]), 0, null).additiveJoules).toBeCloseTo(0.2, 12);
});

test("a model that knows what a busy CPU draws is uncertain by the clock's resolution, even when no time was seen", () => {
  const blink = { durationSeconds: 0.004, hostJoules: 0, hostBusyCpuSeconds: 0, taskCpuSeconds: 0 };
  expect(attributionUncertainty(totalsOf([blink]), 0, 2).additiveJoules).toBeCloseTo(2 * 0.00577, 4);
});
