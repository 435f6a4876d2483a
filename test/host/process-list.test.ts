import { join } from "node:path";
import { expect, test } from "vitest";
import { listProcesses } from "../../src/host/process-list.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";
import { writeProcess } from "../support/planted-process.ts";

test("every process has its name, whatever is in it, and its CPU time", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 7, parentPid: 3, startTicks: 99, name: "a) S (b", own: 12, reaped: 5 });
  writeKernelFile(join(roots.proc, "8", "stat"), "not a status\n");
  writeKernelFile(join(roots.proc, "version"), "Linux\n");
  expect(listProcesses(roots)).toEqual([
    { pid: 7, parentPid: 3, startTicks: 99, name: "a) S (b", ownCpuSeconds: 0.12, reapedChildrenCpuSeconds: 0.05 },
  ]);
});

test("this process finds itself among those of the machine", () => {
  const own = listProcesses({ proc: "/proc" }).find(({ pid }) => pid === process.pid);
  expect(own?.parentPid).toBe(process.ppid);
});
