import { join } from "node:path";
import { expect, test } from "vitest";
import { readNamespacePids } from "../../src/host/namespace-pids.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

test("a process in a container has a number in each namespace, outermost first", () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.proc, "5000/status"), "Name:\tpython\nPid:\t5000\nNSpid:\t5000\t412\t7\nThreads:\t1\n");
  expect(readNamespacePids(roots, 5000)).toEqual([5000, 412, 7]);
});

test("a kernel without NSpid (before 4.1) still knows that the process is there", () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.proc, "12/status"), "Name:\tsh\nPid:\t12\n");
  expect(readNamespacePids(roots, 12)).toEqual([12]);
});

test("a process that is gone has no numbers", () => {
  expect(readNamespacePids(kernelTree(), 12)).toEqual([]);
});
