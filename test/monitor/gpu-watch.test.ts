import { expect, test } from "vitest";
import type { GpuBoard, GpuEnergySource } from "../../src/energy/gpu.ts";
import { GpuWatch } from "../../src/monitor/gpu-watch.ts";

const board: GpuBoard = {
  id: "GPU-1",
  pciAddress: "0000:0a:00.0",
  name: "Example GPU",
  vendor: "nvidia",
  method: "energy_counter",
  uncertainty: { gainLnSigma: 0.04, sourceId: "nvml", citation: "a document" },
  note: null,
};

function scriptedSource() {
  const now = { seconds: 0, joules: 0, isAway: false };
  const source: GpuEnergySource = {
    id: "nvml",
    boards: [board],
    needsPolling: false,
    poll: async () => undefined,
    read: async () => {
      if (now.isAway) return [];
      const microjoules = BigInt(now.joules * 1e6);
      const rest = {
        gaps: 0,
        busyPercent: 80,
        memoryUsedBytes: 1,
        memoryTotalBytes: 2,
        processes: null,
        idleWatts: null,
      };
      return [{ board, monotonicNs: BigInt(now.seconds * 1e9), microjoules, ...rest }];
    },
    close: async () => undefined,
  };
  return { now, source };
}

const displayed = {
  vendor: "nvidia",
  busyPercent: null,
  memoryUsedBytes: null,
  memoryTotalBytes: null,
  note: null,
} as const;

test("a board shows its power in the interval and its joules since the watch began", async () => {
  const { now, source } = scriptedSource();
  const watch = await GpuWatch.open([source]);
  Object.assign(now, { seconds: 2, joules: 600 });
  await watch.advance([]);
  Object.assign(now, { seconds: 4, joules: 800 });
  expect(await watch.advance([])).toMatchObject([{ name: "Example GPU", watts: 100, joules: 800, busyPercent: 80 }]);
});

test("a board that could not be read for a while is charged over the longer interval", async () => {
  const { now, source } = scriptedSource();
  const watch = await GpuWatch.open([source]);
  now.isAway = true;
  expect(await watch.advance([])).toEqual([]);
  Object.assign(now, { seconds: 4, joules: 800, isAway: false });
  expect(await watch.advance([])).toMatchObject([{ watts: 200, joules: 800 }]);
});

test("a GPU without energy is listed without watts, and one that a source reads is listed once", async () => {
  const watch = await GpuWatch.open([scriptedSource().source]);
  const seen = [
    { ...displayed, id: "0000:0a:00.0", name: "Example GPU" },
    { ...displayed, id: "0000:0b:00.0", name: "Other GPU" },
  ];
  const gpus = await watch.advance(seen);
  expect(gpus.map(({ name, joules }) => [name, joules])).toEqual([
    ["Example GPU", 0],
    ["Other GPU", null],
  ]);
});
