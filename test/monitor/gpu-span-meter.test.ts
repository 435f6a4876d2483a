import { array, assert, asyncProperty, boolean, double, record } from "fast-check";
import { expect, test } from "vitest";
import type { GpuBoard, GpuEnergySource } from "../../src/energy/gpu.ts";
import type { GpuEnergyFigures } from "../../src/monitor/gpu-figures.ts";
import { GpuSpanMeter } from "../../src/monitor/gpu-span-meter.ts";
import { kernelTree } from "../support/kernel-tree.ts";
import { manualClock } from "../support/manual-clock.ts";

const board: GpuBoard = {
  id: "GPU-1",
  pciAddress: null,
  name: "Example GPU",
  vendor: "nvidia",
  method: "energy_counter",
  uncertainty: { gainLnSigma: 0.04, sourceId: "nvml.gain/host=h", citation: "a document" },
  note: null,
};

const watts = 100;

/** A board at a steady 100 W, by the clock that the meter has, too; it says how often it was read. */
function steadyBoard() {
  const clock = manualClock();
  const seen = { readings: 0, fails: false };
  const source: GpuEnergySource = {
    id: "nvml",
    boards: [board],
    needsPolling: false,
    poll: async () => undefined,
    read: async () => {
      seen.readings += 1;
      if (seen.fails) return [];
      const monotonicNs = clock.monotonicNs();
      const use = { gaps: 0, busyPercent: 0, memoryUsedBytes: null, memoryTotalBytes: null };
      return [
        {
          board,
          monotonicNs,
          microjoules: (monotonicNs * BigInt(watts)) / 1000n,
          processes: [],
          idleWatts: null,
          ...use,
        },
      ];
    },
    close: async () => undefined,
  };
  return { clock, seen, source };
}

const joulesOf = (figures: GpuEnergyFigures | null): number => (figures?.energyWhTotal ?? Number.NaN) * 3600;

test("whenever boards are read in between, spans that follow each other add up to the span around them", async () => {
  const step = record({ seconds: double({ min: 0.11, max: 5, noNaN: true }), isRead: boolean() });
  await assert(
    asyncProperty(array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const { clock, source } = steadyBoard();
      const meter = await GpuSpanMeter.open([source], kernelTree(), clock);
      clock.advanceSeconds(0.05);
      const around = meter.start();
      let sum = 0;
      for (const { seconds, isRead } of steps) {
        const span = meter.start();
        clock.advanceSeconds(seconds / 2);
        if (isRead) await meter.sample();
        clock.advanceSeconds(seconds / 2);
        sum += joulesOf(await meter.since(span));
      }
      const whole = joulesOf(await meter.since(around));
      const seconds = steps.reduce((total, { seconds: length }) => total + length, 0);
      expect(whole).toBeCloseTo(watts * seconds, 3);
      expect(sum).toBeCloseTo(whole, 3);
    }),
    { numRuns: 50 },
  );
});

test("spans that end together share one reading, and short ones ask for none", async () => {
  const { clock, seen, source } = steadyBoard();
  const meter = await GpuSpanMeter.open([source], kernelTree(), clock);
  const spans = Array.from({ length: 100 }, () => meter.start());
  clock.advanceSeconds(0.05);
  expect(await meter.since(meter.start())).toBeNull();
  expect(seen.readings).toBe(1);
  clock.advanceSeconds(1);
  const figures = await Promise.all(spans.map((span) => meter.since(span)));
  expect(figures.every((found) => Math.abs(joulesOf(found) - 105) < 1e-6)).toBe(true);
  expect(seen.readings).toBeLessThanOrEqual(3);
});

test("a span whose start or end could not be read has no figures; the next one has its own and no more", async () => {
  const { clock, seen, source } = steadyBoard();
  const meter = await GpuSpanMeter.open([source], kernelTree(), clock);
  const first = meter.start();
  clock.advanceSeconds(1);
  seen.fails = true;
  expect(await meter.since(first)).toBeNull();
  seen.fails = false;
  await meter.sample();
  const second = meter.start();
  clock.advanceSeconds(2);
  expect(joulesOf(await meter.since(second))).toBeCloseTo(200, 6);
});

test("after closing, spans have no figures and nothing is read", async () => {
  const { clock, seen, source } = steadyBoard();
  const meter = await GpuSpanMeter.open([source], kernelTree(), clock);
  const span = meter.start();
  clock.advanceSeconds(1);
  await meter.close();
  const { readings } = seen;
  expect(await meter.since(span)).toBeNull();
  expect(await meter.since(meter.start())).toBeNull();
  expect(seen.readings).toBe(readings);
});
