import { join } from "node:path";
import { expect, test } from "vitest";
import { parseCpuTimes, readCpuTimes } from "../../src/host/stat.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

const twoCpus = "cpu0 1 0 0 0 0 0 0 0 0 0\ncpu1 1 0 0 0 0 0 0 0 0 0\nintr 5 0\n";

test("busy time is user, nice, system and both kinds of interrupt, in seconds", () => {
  const times = parseCpuTimes(`cpu  100 20 300 4000 50 6 7 80 0 0\n${twoCpus}`);
  expect(times).toEqual({
    busySeconds: 4.33,
    idleSeconds: 40,
    iowaitSeconds: 0.5,
    stealSeconds: 0.8,
    logicalCpuCount: 2,
  });
});

test("guests that this host runs are inside user time, and are not counted again", () => {
  const without = parseCpuTimes(`cpu  100 0 0 0 0 0 0 0 0 0\n${twoCpus}`);
  const withGuest = parseCpuTimes(`cpu  100 0 0 0 0 0 0 0 90 0\n${twoCpus}`);
  expect(withGuest).toEqual(without);
});

test.each([
  ["empty", ""],
  ["without a total line", twoCpus],
  ["with too few columns", `cpu  1 2 3\n${twoCpus}`],
  ["with a column that is no number", `cpu  1 2 x 4 5 6 7 8 0 0\n${twoCpus}`],
  ["with a negative column", `cpu  1 2 -3 4 5 6 7 8 0 0\n${twoCpus}`],
  ["without any CPU", "cpu  1 2 3 4 5 6 7 8 0 0\n"],
])("a file %s is refused instead of read as 0", (_, text) => {
  expect(parseCpuTimes(text)).toBeNull();
});

test("a missing or malformed file is an error that names it", () => {
  const roots = kernelTree();
  const path = join(roots.proc, "stat");
  expect(() => readCpuTimes(roots)).toThrow(expect.objectContaining({ code: "HOST_UNREADABLE" }));
  writeKernelFile(path, "nonsense");
  expect(() => readCpuTimes(roots)).toThrow(path);
});

test("the host that runs the tests can be read", () => {
  const times = readCpuTimes({ proc: "/proc" });
  expect(times.busySeconds).toBeGreaterThan(0);
  expect(times.logicalCpuCount).toBeGreaterThan(0);
});
