import { expect, test } from "vitest";
import { idleCalibration } from "../../src/monitor/idle-calibration.ts";
import { Sampler } from "../../src/monitor/sampler.ts";
import { type HostState, scriptedHost } from "./scripted-host.ts";

/** A sampler on a host that, between two readings, takes the next power for a second and spends some CPU time. */
function samplerOf(powerWatts: readonly number[], cpuSecondsPerReading: number, before?: (now: HostState) => void) {
  let reading = 0;
  const { now, sampled } = scriptedHost((state) => {
    state.seconds += 1;
    state.joules += powerWatts[reading % powerWatts.length] ?? 0;
    state.hostBusyCpuSeconds += cpuSecondsPerReading;
    reading += 1;
    before?.(state);
  });
  return { now, sampler: new Sampler(sampled, 0) };
}

test("a host of steady power has this power as its baseline, without scatter", async () => {
  const { sampler } = samplerOf([12], 0.04);
  expect(await idleCalibration(sampler, 0, 4)).toEqual({
    watts: 12,
    standardUncertaintyWatts: 0,
    hostBusyRatio: expect.closeTo(0.01, 9),
    wasIdle: true,
  });
});

test("the mean of ten windows is as uncertain as they scatter", async () => {
  const { sampler } = samplerOf([11, 13], 0);
  const calibration = await idleCalibration(sampler, 0, 4);
  // Ten values, each 1 W from their mean of 12 W: s = sqrt(10 / 9) W, and s / sqrt(10) = 1/3 W.
  expect(calibration?.watts).toBeCloseTo(12, 9);
  expect(calibration?.standardUncertaintyWatts).toBeCloseTo(1 / 3, 9);
});

test("a host that was busy says so", async () => {
  const { sampler } = samplerOf([80], 1);
  const calibration = await idleCalibration(sampler, 0, 4);
  expect(calibration?.hostBusyRatio).toBeCloseTo(0.25, 9);
  expect(calibration?.wasIdle).toBe(false);
});

test("what the host took before the calibration is not in it", async () => {
  const { now, sampler } = samplerOf([12], 0);
  now.joules += 100_000;
  expect((await idleCalibration(sampler, 0, 4))?.watts).toBe(12);
});

test.each([2, 7])("a reading that fails (the %ith) leaves no figure rather than a wrong one", async (failing) => {
  let readings = 0;
  const { sampler } = samplerOf([12], 0, (now) => {
    readings += 1;
    now.failing = readings === failing ? "energy" : null;
  });
  expect(await idleCalibration(sampler, 0, 4)).toBeNull();
});
