import { expect, test } from "vitest";
import { type CpuUse, ProcessCpuMeter } from "../../src/attribution/process-cpu.ts";
import { kernelTree } from "../support/kernel-tree.ts";
import { removeProcess, writeProcess } from "../support/planted-process.ts";

function secondsOf({ cpuSecondsByConsumer, names }: CpuUse): Record<number, number> {
  const entries = [...cpuSecondsByConsumer].map(([key, seconds]) => [names.get(key)?.pid ?? 0, seconds]);
  return Object.fromEntries(entries);
}

test("a process is charged with what it used since the last sample", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10, own: 500 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 10, own: 530 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.3) });
  expect(secondsOf(meter.sample())).toEqual({ 10: 0 });
});

test("a process that started between two samples is charged from its start", () => {
  const roots = kernelTree();
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 10, own: 7 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.07) });
});

test("a child that lived and died between two samples is charged to the parent that waited for it", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10, own: 100 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 10, own: 101, reaped: 40 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.41) });
});

test("what was charged to a child while it lived is not charged again when its parent waits for it", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10 });
  writeProcess(roots, { pid: 11, parentPid: 10 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 11, parentPid: 10, own: 50 });
  expect(secondsOf(meter.sample())).toEqual({ 10: 0, 11: expect.closeTo(0.5) });
  // It used 0.03 s more before it ended.
  removeProcess(roots, 11);
  writeProcess(roots, { pid: 10, reaped: 53 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.03) });
});

test("a grandchild and its parent that end together are each counted once", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10 });
  writeProcess(roots, { pid: 11, parentPid: 10 });
  writeProcess(roots, { pid: 12, parentPid: 11 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 11, parentPid: 10, own: 20 });
  writeProcess(roots, { pid: 12, parentPid: 11, own: 30 });
  meter.sample();
  removeProcess(roots, 11);
  removeProcess(roots, 12);
  writeProcess(roots, { pid: 10, reaped: 52 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.02) });
});

test("a child that is gone before its parent's account shows it is not counted twice in the next sample", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10 });
  writeProcess(roots, { pid: 11, parentPid: 10, own: 0 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 11, parentPid: 10, own: 60 });
  meter.sample();
  // The parent was read a moment before it waited for the child.
  removeProcess(roots, 11);
  expect(secondsOf(meter.sample())).toEqual({ 10: 0 });
  writeProcess(roots, { pid: 10, reaped: 60 });
  expect(secondsOf(meter.sample())).toEqual({ 10: 0 });
  // Later children are charged as ever.
  writeProcess(roots, { pid: 10, reaped: 70 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.1) });
});

test("an account that shows a child's last ticks late does not count them twice, however late", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10 });
  writeProcess(roots, { pid: 11, parentPid: 10 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 11, parentPid: 10, own: 30 });
  meter.sample();
  // The kernel adds up nanoseconds and shows whole ticks: the account may be one behind the child that it holds.
  removeProcess(roots, 11);
  writeProcess(roots, { pid: 10, reaped: 29 });
  meter.sample();
  for (let quiet = 0; quiet < 5; quiet += 1) meter.sample();
  writeProcess(roots, { pid: 10, reaped: 31 });
  expect(secondsOf(meter.sample())).toEqual({ 10: expect.closeTo(0.01) });
});

test("a process id that is used again is another process", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10, startTicks: 100, own: 900 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 10, startTicks: 200, own: 4, name: "other (x) y" });
  const use = meter.sample();
  expect(secondsOf(use)).toEqual({ 10: expect.closeTo(0.04) });
  expect([...use.names.values()]).toEqual([{ pid: 10, name: "other (x) y" }]);
});

test("a child that init waits for is not charged to init again", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 1, parentPid: 0 });
  writeProcess(roots, { pid: 11, parentPid: 1, own: 0 });
  const meter = new ProcessCpuMeter(roots);
  writeProcess(roots, { pid: 11, parentPid: 1, own: 80 });
  meter.sample();
  removeProcess(roots, 11);
  writeProcess(roots, { pid: 1, parentPid: 0, reaped: 80 });
  expect(secondsOf(meter.sample())).toEqual({ 1: 0 });
});

test("a parent inherits from a child that it waited for; init, who waits for strangers, inherits nothing", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 1, parentPid: 0 });
  writeProcess(roots, { pid: 10, startTicks: 10 });
  writeProcess(roots, { pid: 11, parentPid: 10, startTicks: 11 });
  writeProcess(roots, { pid: 12, parentPid: 11, startTicks: 12 });
  writeProcess(roots, { pid: 13, parentPid: 1, startTicks: 13 });
  const meter = new ProcessCpuMeter(roots);
  for (const pid of [11, 12, 13]) removeProcess(roots, pid);
  expect([...meter.sample().heirs]).toEqual([
    ["11@11", "10@10"],
    ["12@12", "10@10"],
  ]);
});
