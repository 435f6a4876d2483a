import { expect, test } from "vitest";
import { type RatedWindow, RecentRate } from "../../src/attribution/recent-rate.ts";

/** 30 J for each CPU second above idle, 40 with it. */
function ratedWindow(cpuSeconds: number, differences: Partial<RatedWindow> = {}): RatedWindow {
  return {
    marginalJoules: 30 * cpuSeconds,
    proportionalJoules: 40 * cpuSeconds,
    cpuSeconds,
    hostBusyCpuSeconds: cpuSeconds,
    ...differences,
  };
}

test("a window with ten steps of the kernel's clock speaks for itself", () => {
  const rate = new RecentRate();
  rate.add(ratedWindow(0.5, { marginalJoules: 1 }));
  rate.add(ratedWindow(0.5));
  expect(rate.perCpuSecond).toEqual({ marginalJoules: 30, proportionalJoules: 40 });
});

test("windows that are too short for the kernel's clock count together", () => {
  const rate = new RecentRate();
  // The clock shows 10 ms in every fourth window, whose share is then all of it.
  for (let window = 0; window < 400; window += 1) {
    const isShown = window % 4 === 3;
    rate.add(ratedWindow(0.0025, { marginalJoules: isShown ? 0.3 : 0, hostBusyCpuSeconds: isShown ? 0.01 : 0 }));
  }
  expect((rate.perCpuSecond?.marginalJoules ?? 0) / 30).toBeGreaterThan(0.9);
  expect((rate.perCpuSecond?.marginalJoules ?? 0) / 30).toBeLessThan(1.1);
});

test("before five steps of the clock nothing is said", () => {
  const rate = new RecentRate();
  expect(rate.perCpuSecond).toBeNull();
  rate.add(ratedWindow(0.04));
  expect(rate.perCpuSecond).toBeNull();
  rate.add(ratedWindow(0.04));
  expect(rate.perCpuSecond?.marginalJoules).toBeCloseTo(30, 9);
});
