import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import {
  isForegroundProcessGroup,
  parseProcessStat,
  readDescendants,
  readProcessStat,
} from "../../src/host/process.ts";
import type { HostRoots } from "../../src/host/roots.ts";
import { kernelTree, writeKernelFile } from "../support/kernel-tree.ts";

const realProc = { proc: "/proc" };

interface FakeProcess {
  readonly pid: number | "self";
  readonly parent?: number;
  readonly name?: string;
  readonly state?: string;
  readonly foregroundGroup?: number;
}

/** Process group 7; user, system, waited-for user and system ticks 150, 50, 30, 20; started at tick 9000. */
function statText({ pid, parent = 1, name = "node", state = "S", foregroundGroup = -1 }: FakeProcess): string {
  const number = pid === "self" ? 10 : pid;
  return `${number} (${name}) ${state} ${parent} 7 7 0 ${foregroundGroup} 0 0 0 0 0 150 50 30 20 20 0 1 0 9000 1 1\n`;
}

function writeProcess(roots: HostRoots, fake: FakeProcess, status = "Name:\tnode\nVmRSS:\t     100 kB\n"): void {
  writeKernelFile(join(roots.proc, String(fake.pid), "stat"), statText(fake));
  writeKernelFile(join(roots.proc, String(fake.pid), "status"), status);
}

test("CPU times are in seconds, own and waited-for children's apart", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10, parent: 4 });
  expect(readProcessStat(roots, 10)).toEqual({
    pid: 10,
    parentPid: 4,
    startTicks: 9000,
    ownCpuSeconds: 2,
    reapedChildrenCpuSeconds: 0.5,
    residentBytes: 102_400,
    state: "S",
    processGroup: 7,
    foregroundProcessGroup: -1,
  });
});

test.each(["a b", "x) R 99 (y", ")", "(", "tab\tand ) more"])(
  "the command name %j does not shift the fields",
  (name) => {
    expect(parseProcessStat(statText({ pid: 10, parent: 4, name }))).toMatchObject({
      pid: 10,
      parentPid: 4,
      state: "S",
    });
  },
);

test.each(["", "10 node S 1", "10 (node) S 1 7", "x (node) S 1 7 7 0 -1 0 0 0 0 0 1 1 1 1 20 0 1 0 9000"])(
  "the malformed line %j is refused",
  (line) => {
    expect(parseProcessStat(line)).toBeNull();
  },
);

test("a process that is gone is null, and one that is malformed an error", () => {
  const roots = kernelTree();
  expect(readProcessStat(roots, 10)).toBeNull();
  writeKernelFile(join(roots.proc, "10", "stat"), "nonsense");
  expect(() => readProcessStat(roots, 10)).toThrow(expect.objectContaining({ code: "HOST_UNREADABLE" }));
});

test("a zombie holds no memory, but its CPU time still counts", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: 10, state: "Z" }, "Name:\tnode\nState:\tZ (zombie)\n");
  expect(readProcessStat(roots, 10)).toMatchObject({ residentBytes: 0, ownCpuSeconds: 2 });
});

test("this process can be read, with the memory that Node.js itself reports", () => {
  const self = readProcessStat(realProc, "self");
  expect(self?.pid).toBe(process.pid);
  expect(self?.residentBytes).toBeGreaterThan(process.memoryUsage.rss() / 2);
  expect(self?.residentBytes).toBeLessThan(process.memoryUsage.rss() * 2);
});

test("a process is in the foreground when its group is its terminal's", () => {
  const roots = kernelTree();
  writeProcess(roots, { pid: "self", foregroundGroup: 7 });
  expect(isForegroundProcessGroup(roots)).toBe(true);
  writeProcess(roots, { pid: "self", foregroundGroup: 8 });
  expect(isForegroundProcessGroup(roots)).toBe(false);
  writeProcess(roots, { pid: "self", foregroundGroup: -1 });
  expect(isForegroundProcessGroup(roots)).toBe(false);
});

/** 10 -> 11 and 12, 11 -> 13; 20 is a stranger. */
function writeFamily(roots: HostRoots): void {
  const parents = new Map([
    [10, 1],
    [11, 10],
    [12, 10],
    [13, 11],
    [20, 1],
  ]);
  for (const [pid, parent] of parents) writeProcess(roots, { pid, parent, state: pid === 13 ? "Z" : "S" });
}

test("descendants are children of every thread, grandchildren and zombies, where the kernel lists children", () => {
  const roots = kernelTree();
  writeFamily(roots);
  writeKernelFile(join(roots.proc, "10", "task", "10", "children"), "11 ");
  writeKernelFile(join(roots.proc, "10", "task", "15", "children"), "12 ");
  writeKernelFile(join(roots.proc, "11", "task", "11", "children"), "13 ");
  expect(pidsOf(readDescendants(roots, 10))).toEqual([11, 12, 13]);
});

test("the same descendants are found by a scan where the kernel lists no children", () => {
  const roots = kernelTree();
  writeFamily(roots);
  mkdirSync(join(roots.proc, "irq"));
  expect(pidsOf(readDescendants(roots, 10))).toEqual([11, 12, 13]);
});

test("a child that ended meanwhile is left out", () => {
  const roots = kernelTree();
  writeFamily(roots);
  writeKernelFile(join(roots.proc, "10", "task", "10", "children"), "11 999 ");
  expect(pidsOf(readDescendants(roots, 10))).toEqual([11]);
});

test("real children and grandchildren are found, an unrelated parent is not", async () => {
  const shell = spawn("sh", ["-c", "sleep 60 & echo started; wait"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  onTestFinished(() => endGroup(shell));
  await new Promise((resolve) => shell.stdout.once("data", resolve));
  const descendants = readDescendants(realProc, process.pid);
  const found = descendants.find(({ pid }) => pid === shell.pid);
  expect(found?.parentPid).toBe(process.pid);
  expect(descendants.map(({ parentPid }) => parentPid)).toContain(shell.pid);
  expect(pidsOf(descendants)).not.toContain(process.ppid);
});

function pidsOf(processes: readonly { readonly pid: number }[]): number[] {
  return processes.map(({ pid }) => pid).toSorted((left, right) => left - right);
}

function endGroup(child: ChildProcess): void {
  if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
}
