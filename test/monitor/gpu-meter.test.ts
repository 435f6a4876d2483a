import { join } from "node:path";
import { expect, test } from "vitest";
import type { GpuBoard, GpuBoardReading, GpuEnergySource } from "../../src/energy/gpu.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { gpuEnergyFigures } from "../../src/monitor/gpu-figures.ts";
import { GpuMeter } from "../../src/monitor/gpu-meter.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

const board: GpuBoard = {
  id: "GPU-1",
  pciAddress: "0000:0a:00.0",
  name: "Example GPU",
  vendor: "nvidia",
  method: "energy_counter",
  uncertainty: { gainLnSigma: 0.04, sourceId: "nvml.gain/host=h", citation: "a document" },
  note: null,
};

interface BoardState {
  seconds: number;
  joules: number;
  processes: GpuBoardReading["processes"];
  idleWatts: number | null;
  busyPercent: number;
  fails: boolean;
}

/** A board that shows whatever the test says it shows now. */
function scriptedBoard(own: GpuBoard = board) {
  const now: BoardState = { seconds: 100, joules: 0, processes: [], idleWatts: null, busyPercent: 40, fails: false };
  const source: GpuEnergySource = {
    id: "nvml",
    boards: [own],
    needsPolling: false,
    poll: async () => undefined,
    read: async () => {
      if (now.fails) return [];
      const monotonicNs = BigInt(Math.round(now.seconds * 1e9));
      const microjoules = BigInt(Math.round(now.joules * 1e6));
      const use = { memoryUsedBytes: 1000, memoryTotalBytes: 8000 };
      return [{ board: own, monotonicNs, microjoules, gaps: 0, ...use, ...now }];
    },
    close: async () => undefined,
  };
  return { now, source };
}

function writeProcess(roots: HostRoots, pid: number, namespacePids = `${pid}`): void {
  writeKernelFile(
    join(roots.proc, String(pid), "status"),
    `Name:\tx\nNSpid:\t${namespacePids.replaceAll(" ", "\t")}\n`,
  );
}

const figuresOf = (meter: GpuMeter) => {
  const figures = gpuEnergyFigures(meter.boards);
  if (figures === null) throw new Error("no board was read");
  return figures;
};

test("the task gets the part of its processes, above the idle power that was seen before it began", async () => {
  const roots = kernelTree();
  for (const pid of [10, 11]) writeProcess(roots, pid);
  const { now, source } = scriptedBoard();
  now.idleWatts = 60;
  const meter = await GpuMeter.open([source], roots);
  meter.noteTaskPids([10]);
  Object.assign(now, { seconds: 101, joules: 360, idleWatts: null });
  now.processes = [
    { pid: 10, smPercent: 60 },
    { pid: 11, smPercent: 20 },
  ];
  await meter.finish();
  const figures = figuresOf(meter);
  expect(figures.energyWhTotal * 3600).toBeCloseTo(360, 9);
  expect((figures.energyWhTask ?? 0) * 3600).toBeCloseTo(225, 9);
  expect(figures.boards[0]).toMatchObject({ idleWatts: 60, note: null, gaps: 0 });
  expect(figures.uncertainty).toMatchObject({ gainLnSigma: 0.04, gainSourceId: "nvml.gain/host=h" });
});

test("a process that ended before the tick was read is still the task's", async () => {
  const roots = kernelTree();
  writeProcess(roots, 10);
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], roots);
  meter.noteTaskPids([10]);
  meter.noteTaskPids([]);
  Object.assign(now, { seconds: 101, joules: 100, processes: [{ pid: 10, smPercent: 100 }] });
  await meter.finish();
  expect((figuresOf(meter).energyWhTask ?? 0) * 3600).toBeCloseTo(100, 9);
});

test("a driver that gives the number inside the container is understood, unless another process has that number here", async () => {
  const roots = kernelTree();
  writeProcess(roots, 5000, "5000 7");
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], roots);
  meter.noteTaskPids([5000]);
  Object.assign(now, { seconds: 101, joules: 100, processes: [{ pid: 7, smPercent: 100 }] });
  await meter.advance();
  expect((figuresOf(meter).energyWhTask ?? 0) * 3600).toBeCloseTo(100, 9);
  writeProcess(roots, 7);
  Object.assign(now, { seconds: 102, joules: 200 });
  await meter.finish();
  expect((figuresOf(meter).energyWhTask ?? 0) * 3600).toBeCloseTo(100, 9);
});

test("work of processes that are not to be seen makes the task's part unknown, not 0", async () => {
  const roots = kernelTree();
  writeProcess(roots, 10);
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], roots);
  meter.noteTaskPids([10]);
  Object.assign(now, { seconds: 101, joules: 100, processes: [{ pid: 31_337, smPercent: 100 }] });
  await meter.finish();
  const figures = figuresOf(meter);
  expect(figures).toMatchObject({ energyWhTask: null, uncertainty: null });
  expect(figures.boards[0]?.note).toContain("not known");
});

test("a board that was busy while the driver names nobody leaves the task's part unknown, as for a very short command", async () => {
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], kernelTree());
  Object.assign(now, { seconds: 100.3, joules: 60, busyPercent: 40 });
  await meter.finish();
  expect(figuresOf(meter)).toMatchObject({ energyWhTotal: 60 / 3600, energyWhTask: null });
});

test("an idle board gives the task nothing, and that is known", async () => {
  const { now, source } = scriptedBoard();
  now.busyPercent = 0;
  const meter = await GpuMeter.open([source], kernelTree());
  Object.assign(now, { seconds: 101, joules: 60 });
  await meter.finish();
  expect(figuresOf(meter)).toMatchObject({ energyWhTask: 0, boards: [{ note: null }] });
});

test("over less than a second a board's reading is worth less", async () => {
  const roots = kernelTree();
  writeProcess(roots, 10);
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], roots);
  meter.noteTaskPids([10]);
  Object.assign(now, { seconds: 100.5, joules: 100, processes: [{ pid: 10, smPercent: 100 }] });
  await meter.finish();
  expect(figuresOf(meter).uncertainty?.gainLnSigma).toBe(0.25);
});

test("a divided board has energy, and nobody's part of it is known", async () => {
  const { now, source } = scriptedBoard({ ...board, note: "it is divided into instances (MIG)" });
  now.processes = null;
  const meter = await GpuMeter.open([source], kernelTree());
  Object.assign(now, { seconds: 101, joules: 100 });
  await meter.finish();
  expect(figuresOf(meter)).toMatchObject({
    energyWhTask: null,
    boards: [{ note: "it is divided into instances (MIG)" }],
  });
});

test("a board that cannot be read any more keeps what it counted, and its gaps show", async () => {
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], kernelTree());
  Object.assign(now, { seconds: 101, joules: 100 });
  await meter.advance();
  now.fails = true;
  await meter.finish();
  expect(figuresOf(meter).boards[0]).toMatchObject({ energyWhTotal: 100 / 3600, gaps: 1 });
});

test("a board that was read only once has no energy to tell", async () => {
  const { now, source } = scriptedBoard();
  const meter = await GpuMeter.open([source], kernelTree());
  now.fails = true;
  await meter.finish();
  expect(gpuEnergyFigures(meter.boards)).toBeNull();
});

test("the GPUs of /sys and /proc get the use that the driver's library shows, and others are added", async () => {
  const { source } = scriptedBoard();
  const { source: other } = scriptedBoard({ ...board, id: "GPU-2", pciAddress: null, name: "Hidden GPU" });
  const meter = await GpuMeter.open([source, other], kernelTree());
  await meter.finish();
  const listed = { id: "0000:0a:00.0", name: "NVIDIA X", vendor: "nvidia", busyPercent: null, note: "no use" } as const;
  const completed = meter.completed([{ ...listed, memoryUsedBytes: null, memoryTotalBytes: null }]);
  expect(completed).toMatchObject([
    {
      id: "0000:0a:00.0",
      name: "NVIDIA X",
      busyPercent: 40,
      memoryUsedBytes: 1000,
      memoryTotalBytes: 8000,
      note: null,
    },
    { id: "GPU-2", name: "Hidden GPU", busyPercent: 40 },
  ]);
});
