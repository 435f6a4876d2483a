import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { HostRoots } from "../../src/host/roots.ts";
import { TaskProcesses } from "../../src/monitor/task-processes.ts";
import { plantTree } from "../checks/planted-tree.ts";

/**
 * The kernel does not stop while a sample reads one file after the other. Here every change of the process tree happens at
 * every possible point of a sample, one run each, on a tree of files that looks like /proc.
 */
interface FakeProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly ownCpuSeconds: number;
  readonly reapedCpuSeconds?: number;
  readonly state?: "S" | "Z";
  readonly startTicks?: number;
  /** Left out of its parent's list of children, as the kernel may do while siblings come and go (proc(5), "children"). */
  readonly isOverlooked?: boolean;
}

const selfPid = 100;

function writeProcesses(proc: string, processes: readonly FakeProcess[]): void {
  rmSync(proc, { recursive: true, force: true });
  for (const process of processes) {
    const names = process.pid === selfPid ? [String(selfPid), "self"] : [String(process.pid)];
    const children = processes
      .filter((child) => child.parentPid === process.pid && child.isOverlooked !== true)
      .map(({ pid }) => pid);
    for (const name of names) {
      mkdirSync(join(proc, name, "task", String(process.pid)), { recursive: true });
      writeFileSync(join(proc, name, "stat"), statLine(process));
      writeFileSync(join(proc, name, "status"), "VmRSS:\t    1000 kB\n");
      writeFileSync(join(proc, name, "task", String(process.pid), "children"), children.join(" "));
    }
  }
}

/** A line of /proc/PID/stat as proc(5) describes it; only what is counted differs from 0. */
function statLine({
  pid,
  parentPid,
  ownCpuSeconds,
  reapedCpuSeconds = 0,
  state = "S",
  startTicks,
}: FakeProcess): string {
  const fields = Array<string | number>(50).fill(0);
  fields[0] = state;
  fields[1] = parentPid;
  fields[11] = Math.round(ownCpuSeconds * 100);
  fields[13] = Math.round(reapedCpuSeconds * 100);
  fields[19] = startTicks ?? pid;
  return `${pid} (name) ${fields.join(" ")}\n`;
}

/** A /proc that becomes another one at the given access to it, counted from `arm`. */
function changingProc(before: readonly FakeProcess[]) {
  const proc = join(plantTree({}), "proc");
  writeProcesses(proc, before);
  let accessesLeft = Number.POSITIVE_INFINITY;
  let after: readonly FakeProcess[] = before;
  const roots: HostRoots = {
    sys: "/sys",
    get proc() {
      if (accessesLeft === 0) writeProcesses(proc, after);
      accessesLeft -= 1;
      return proc;
    },
  };
  return {
    roots,
    changeAtAccess: (access: number, processes: readonly FakeProcess[]) => {
      accessesLeft = access;
      after = processes;
    },
    change: (processes: readonly FakeProcess[]) => writeProcesses(proc, processes),
    hasChanged: () => accessesLeft < 0,
  };
}

const self = { pid: selfPid, parentPid: 1, ownCpuSeconds: 50, reapedCpuSeconds: 7 };
const shell = { pid: 200, parentPid: selfPid, ownCpuSeconds: 0.1 };
const grandchild = { pid: 300, parentPid: 200, ownCpuSeconds: 5 };
const sibling = { pid: 301, parentPid: 200, ownCpuSeconds: 3 };

/** CPU seconds before a change, while it happens at the given access, and twice after it; null when a sample is over before. */
function secondsAround(access: number, before: readonly FakeProcess[], after: readonly FakeProcess[]) {
  const kernel = changingProc(before);
  const processes = new TaskProcesses(kernel.roots);
  const first = processes.sample();
  kernel.changeAtAccess(access, after);
  const during = processes.sample();
  if (!kernel.hasChanged()) return null;
  return { access, first, during, after: processes.sample(), last: processes.sample() };
}

/** The change at the first access of a sample, at the second one, and so on. */
function everyInterleaving(before: readonly FakeProcess[], after: readonly FakeProcess[]) {
  const runs: NonNullable<ReturnType<typeof secondsAround>>[] = [];
  for (;;) {
    const run = secondsAround(runs.length, before, after);
    if (run === null) return runs;
    runs.push(run);
  }
}

const ends: readonly (readonly [string, readonly FakeProcess[], readonly FakeProcess[], number])[] = [
  [
    "a grandchild ends and its parent waits for it",
    [self, shell, grandchild],
    [self, { ...shell, reapedCpuSeconds: 5 }],
    5.1,
  ],
  [
    "one of two grandchildren ends and the other one runs on",
    [self, shell, grandchild, sibling],
    [self, { ...shell, reapedCpuSeconds: 5 }, sibling],
    8.1,
  ],
  [
    "a grandchild ends and its time reaches this process with its parent's",
    [self, shell, grandchild],
    [{ ...self, reapedCpuSeconds: 7 + 0.1 + 5 }],
    5.1,
  ],
  [
    "a parent ends and leaves an orphan",
    [self, shell, grandchild],
    [
      { ...self, reapedCpuSeconds: 7.1 },
      { ...grandchild, parentPid: 1 },
    ],
    5.1,
  ],
  [
    "a parent is a zombie and its child an orphan",
    [self, shell, grandchild],
    [self, { ...shell, state: "Z" }, { ...grandchild, parentPid: 1 }],
    5.1,
  ],
  [
    "a parent and its child end, and nobody waited for the child",
    [self, shell, grandchild],
    [{ ...self, reapedCpuSeconds: 7.1 }],
    5.1,
  ],
  [
    "a process id is used again at once",
    [self, shell, grandchild],
    [self, { ...shell, reapedCpuSeconds: 5 }, { ...grandchild, ownCpuSeconds: 0.5, startTicks: 9999 }],
    5.6,
  ],
];

test.each(ends)(
  "wherever in a sample it happens that %s, nothing is lost and nothing counts twice",
  (_what, before, after, truth) => {
    const children = before.filter(({ pid }) => pid !== selfPid);
    const earlier = children.reduce((sum, { ownCpuSeconds }) => sum + ownCpuSeconds, 0);
    const runs = everyInterleaving(before, after);
    expect(runs.length).toBeGreaterThan(5);
    const differs = (counted: number, expected: number) => Math.abs(counted - expected) > 1e-9;
    expect(runs.filter(({ first }) => differs(first, earlier))).toEqual([]);
    expect(runs.filter(({ during }) => during < earlier - 1e-9 || during > truth + 1e-9)).toEqual([]);
    expect(runs.filter((run) => differs(run.after, truth) || differs(run.last, truth))).toEqual([]);
  },
);

test("an orphan's child that ends is counted once", () => {
  const orphan = { ...grandchild, parentPid: 1 };
  const child = { pid: 400, parentPid: 300, ownCpuSeconds: 2 };
  const kernel = changingProc([self, shell, grandchild, child]);
  const processes = new TaskProcesses(kernel.roots);
  processes.sample();
  kernel.change([{ ...self, reapedCpuSeconds: 7.1 }, orphan, child]);
  expect(processes.sample()).toBeCloseTo(7.1, 6);
  kernel.change([
    { ...self, reapedCpuSeconds: 7.1 },
    { ...orphan, reapedCpuSeconds: 2.5 },
  ]);
  expect(processes.sample()).toBeCloseTo(7.6, 6);
});

test("what an orphan spent stays counted while others go on", () => {
  const kernel = changingProc([self, shell, grandchild]);
  const processes = new TaskProcesses(kernel.roots);
  processes.sample();
  const withoutShell = { ...self, reapedCpuSeconds: 7.1 };
  kernel.change([withoutShell, { ...grandchild, parentPid: 1 }]);
  processes.sample();
  kernel.change([withoutShell]);
  processes.sample();
  kernel.change([withoutShell, { pid: 500, parentPid: selfPid, ownCpuSeconds: 2 }]);
  expect(processes.sample()).toBeCloseTo(7.1, 6);
});

test("a process that an orphan starts later is counted", () => {
  const kernel = changingProc([self, shell, grandchild]);
  const processes = new TaskProcesses(kernel.roots);
  processes.sample();
  const orphan = { ...grandchild, parentPid: 1 };
  kernel.change([{ ...self, reapedCpuSeconds: 7.1 }, orphan, { pid: 400, parentPid: 300, ownCpuSeconds: 2 }]);
  expect(processes.sample()).toBeCloseTo(7.1, 6);
});

test("a child that the kernel's list left out once is no orphan, and counts once when it ends", () => {
  const kernel = changingProc([self, shell, grandchild]);
  const processes = new TaskProcesses(kernel.roots);
  processes.sample();
  kernel.change([self, shell, { ...grandchild, isOverlooked: true }]);
  expect(processes.sample()).toBeCloseTo(5.1, 6);
  kernel.change([self, { ...shell, reapedCpuSeconds: 5 }]);
  expect(processes.sample()).toBeCloseTo(5.1, 6);
});

test("a zombie is not left running, and its time counts", () => {
  const kernel = changingProc([self, shell, { ...grandchild, state: "Z" }]);
  const processes = new TaskProcesses(kernel.roots);
  expect(processes.sample()).toBeCloseTo(5.1, 6);
  expect(processes.aliveCount).toBe(1);
});
