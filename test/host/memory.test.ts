import { join } from "node:path";
import { expect, test } from "vitest";
import { readMemory } from "../../src/host/memory.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

test("the kernel's kB are 1024 bytes", () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.proc, "meminfo"), "MemTotal:  2048 kB\nMemFree:  1 kB\nMemAvailable:  1024 kB\n");
  expect(readMemory(roots)).toEqual({ totalBytes: 2 * 1024 * 1024, availableBytes: 1024 * 1024 });
});

test("a file without one of the two lines is an error, not 0 bytes", () => {
  const roots = kernelTree();
  writeKernelFile(join(roots.proc, "meminfo"), "MemTotal:  2048 kB\n");
  expect(() => readMemory(roots)).toThrow(expect.objectContaining({ code: "HOST_UNREADABLE" }));
});
