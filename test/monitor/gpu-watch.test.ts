import { expect, test } from "vitest";
import type { GpuBoard, GpuBoardReading, GpuEnergySource } from "../../src/energy/gpu.ts";
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

interface ScriptedBoard {
  seconds: number;
  joules: number;
  isAway: boolean;
  processes: GpuBoardReading["processes"];
  idleWatts: number | null;
}

function scriptedSource() {
  const now: ScriptedBoard = { seconds: 0, joules: 0, isAway: false, processes: null, idleWatts: null };
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
      };
      const { processes, idleWatts } = now;
      return [{ board, monotonicNs: BigInt(now.seconds * 1e9), microjoules, processes, idleWatts, ...rest }];
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

test("processes share a board's power above idle by SM time, now and so far; with what is nobody's they are the board", async () => {
  const { now, source } = scriptedSource();
  now.processes = [];
  now.idleWatts = 60;
  const watch = await GpuWatch.open([source]);
  const work = [
    { pid: 10, smPercent: 60 },
    { pid: 11, smPercent: 20 },
  ];
  Object.assign(now, { seconds: 2, joules: 720, processes: work, idleWatts: null });
  const [first] = await watch.advance([]);
  expect(first).toMatchObject({ watts: 360, unattributedWatts: 60 });
  expect(first?.processes).toMatchObject([
    { pid: 10, watts: 225, joules: 450 },
    { pid: 11, watts: 75, joules: 150 },
  ]);
  Object.assign(now, { seconds: 3, joules: 920, processes: [{ pid: 11, smPercent: 20 }] });
  const [second] = await watch.advance([], (pid) => pid !== 10);
  expect(second?.processes).toMatchObject([{ pid: 11, watts: 140, joules: 290 }]);
  expect(second?.unattributedWatts).toBeCloseTo(60, 9);
});

test("a process without work in an interval keeps its joules while it lives", async () => {
  const { now, source } = scriptedSource();
  now.processes = [];
  const watch = await GpuWatch.open([source]);
  Object.assign(now, { seconds: 1, joules: 100, processes: [{ pid: 10, smPercent: 100 }] });
  await watch.advance([]);
  Object.assign(now, { seconds: 2, joules: 150, processes: [] });
  expect(await watch.advance([])).toMatchObject([
    { unattributedWatts: 50, processes: [{ pid: 10, smPercent: 0, watts: 0, joules: 100 }] },
  ]);
});

test("a driver that does not tell processes apart has none, and nothing unattributed", async () => {
  const { now, source } = scriptedSource();
  const watch = await GpuWatch.open([source]);
  Object.assign(now, { seconds: 1, joules: 100 });
  expect(await watch.advance([])).toMatchObject([{ watts: 100, processes: null, unattributedWatts: null }]);
});
