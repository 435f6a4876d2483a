import { expect, test } from "vitest";
import type { GpuPower } from "../../../src/monitor/gpu-watch.ts";
import type { ConsumerPower } from "../../../src/monitor/host-watch.ts";
import { textStyle } from "../../../src/report/terminal/style.ts";
import { inOrder, type TopPage, topPage } from "../../../src/report/terminal/top.ts";

function consumer(pid: number, watts: number, joules: number): ConsumerPower {
  const rest = { busyCpus: 0.5, standardUncertaintyJoules: 1, proportionalJoules: joules };
  return { key: `${pid}@1`, pid, name: `p${pid}`, watts, joules, ...rest };
}

const part = { watts: 0, joules: 0 };

function pageOf(consumers: readonly ConsumerPower[], differences: Partial<TopPage> = {}): TopPage {
  const zone = (id: string, kind: "package" | "dram", watts: number) => ({ id, kind, counted: true, watts, joules: 1 });
  return {
    view: {
      tickSeconds: 1,
      durationSeconds: 10,
      hostWatts: 100,
      hostJoules: 1000,
      busyCpus: 2,
      idle: part,
      exited: { ...part, count: 3 },
      unattributed: part,
      domains: [zone("0", "package", 50), zone("1", "package", 40), zone("0:0", "dram", 6), zone("1:0", "dram", 4)],
      consumers,
      gaps: 0,
    },
    consumerKind: "process",
    order: "w",
    source: { label: "RAPL", provenance: "measured" },
    idleBaseline: { watts: 20, origin: "configured" },
    gpus: [],
    carbon: null,
    notes: [],
    help: "q quit",
    ...differences,
  };
}

const style = textStyle(false);
const three = [consumer(30, 1, 5), consumer(4, 3, 1), consumer(200, 2, 9)];

test("rows are sorted by watts now, by joules so far, or by process id", () => {
  const pids = (order: "w" | "j" | "p") => inOrder(three, order, null).map(({ pid }) => pid);
  expect(pids("w")).toEqual([4, 200, 30]);
  expect(pids("j")).toEqual([200, 30, 4]);
  expect(pids("p")).toEqual([4, 30, 200]);
});

test("packages are shown one by one, memory in one sum, and gaps as a caution", () => {
  const page = pageOf(three);
  const text = topPage({ ...page, view: { ...page.view, gaps: 2 } }, 80, 24, style);
  expect(text).toContain("package 0 50.0 W  package 1 40.0 W  DRAM 10.0 W  idle 20.0 W");
  expect(text).toContain("2 readings are missing: figures are lower bounds");
});

test("a GPU stands beside the host, with its own power or the word that it is not known", () => {
  const untold = { processes: null, unattributedWatts: null };
  const gpu = {
    id: "g",
    name: "H100",
    watts: 310,
    joules: 3100,
    busyPercent: 87,
    memoryUsedBytes: 1,
    method: null,
    ...untold,
  };
  const text = topPage(
    pageOf(three, { gpus: [gpu, { ...gpu, name: "old", watts: null, joules: null }] }),
    80,
    24,
    style,
  );
  expect(text).toContain("beside it H100: 310 W  3100.0 J  87.0 % busy");
  expect(text).toContain("beside it old: power not known");
});

const board: GpuPower = {
  id: "g",
  name: "H100",
  watts: 310,
  joules: 3100,
  busyPercent: 87,
  memoryUsedBytes: 1,
  method: "energy_counter",
  processes: [
    { pid: 30, smPercent: 60, watts: 180, joules: 1800 },
    { pid: 999_999, smPercent: 20, watts: 60, joules: 600 },
  ],
  unattributedWatts: 70,
};

test("where a driver tells processes apart, a column says who draws what on the GPUs, and it adds up to the boards", () => {
  const lines = topPage(pageOf(three, { gpus: [board, { ...board, id: "h" }] }), 80, 24, style).split("\n");
  const cellsOf = (start: RegExp): string[] => (lines.find((line) => start.test(line)) ?? "").trim().split(/ {2,}/);
  expect(cellsOf(/COMMAND/).slice(-3)).toEqual(["GPU W", "WATTS", "JOULES"]);
  // It draws least on the CPUs, and most of all together.
  expect(lines[lines.findIndex((line) => line.includes("COMMAND")) + 1]).toMatch(/ 30 p30 .* 360\.00 +1\.00 +5\.0$/);
  // Two boards at 310 W: what process 999999, which is not on this host's list, draws there is nobody's here.
  expect(cellsOf(/unattributed/)).toEqual(["unattributed", "260.00", "0.00", "0.0"]);
});

test("a process that only works on a GPU is listed, too", () => {
  const idle = { ...consumer(30, 0, 0), busyCpus: 0 };
  expect(topPage(pageOf([idle], { gpus: [board] }), 80, 24, style)).toMatch(/ 30 p30 .* 180\.00 +0\.00 +0\.0\n/);
  expect(topPage(pageOf([idle]), 80, 24, style)).not.toContain("p30");
});

test.each([
  [80, 24],
  [80, 12],
  [120, 40],
  [40, 24],
])("a frame fits into %i columns and %i lines, and keeps the rows that make the sum", (width, height) => {
  const many = Array.from({ length: 100 }, (_, index) => consumer(index + 1, 100 - index, 1));
  const lines = topPage(pageOf(many), width, height, style).trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(height);
  for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(width);
  expect(lines.slice(-4).map((line) => line.trim().split(" ")[0]?.slice(0, 7))).toEqual(["idle,", "3", "unattri", "q"]);
});

test.each([1, 2, 5, 9])("a terminal of %i lines is never written beyond its end", (height) => {
  const text = topPage(pageOf(three), 20, height, style);
  expect(text.split("\n").length - 1).toBeLessThanOrEqual(height);
  expect(text).toMatch(/^host/);
});
