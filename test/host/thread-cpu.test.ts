import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { ownThreadCpuClock, threadCpuClock, youngestThreadId } from "../../src/host/thread-cpu.ts";
import { kernelTree } from "../support/kernel-tree.ts";

const roots = { proc: "/proc" };

test("a thread's clock shows the CPU time that it used", () => {
  const clock = ownThreadCpuClock(roots);
  process.cpuUsage();
  const before = clock?.seconds() ?? Number.NaN;
  const start = process.cpuUsage();
  let used = 0;
  while (used < 30_000) {
    const { user, system } = process.cpuUsage(start);
    used = user + system;
  }
  const spent = (clock?.seconds() ?? Number.NaN) - before;
  clock?.close();
  expect(spent).toBeGreaterThan(0);
  expect(clock?.seconds()).toBeNull();
});

test("a thread that has ended has no time any more", async () => {
  const worker = new Worker("setTimeout(() => undefined, 50)", { eval: true });
  const threadId = youngestThreadId(roots) ?? 0;
  const clock = threadCpuClock(roots, threadId);
  expect(clock?.seconds()).toBeGreaterThanOrEqual(0);
  await new Promise((resolve) => worker.once("exit", resolve));
  expect(clock?.seconds()).toBeNull();
  clock?.close();
});

test("a kernel without such statistics has no thread clocks", () => {
  expect(ownThreadCpuClock(kernelTree())).toBeNull();
  expect(youngestThreadId(kernelTree())).toBeNull();
});
