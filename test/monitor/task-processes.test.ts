import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { systemErrorCode } from "../../src/errors.ts";
import { TaskProcesses } from "../../src/monitor/task-processes.ts";
import { plantTree } from "../checks/planted-tree.ts";

/** The real kernel: these tests start real processes. */
const roots = { proc: "/proc", sys: "/sys" };

/** The kernel cuts CPU times to 10 ms, and what Node.js spends on ending comes after its own report. */
const toleranceSeconds = 0.1;

/** Burns 0.4 CPU seconds, then prints what getrusage(2) says that this process spent: a truth that does not come from /proc. */
const burnAndReport = `
  const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
  while (used() < 0.4);
  process.stdout.write(JSON.stringify({ pid: process.pid, cpuSeconds: used() }) + "\\n");`;
const burnReportAndStay = `${burnAndReport}
  process.once("SIGTERM", () => process.exit());
  setInterval(() => undefined, 1e6);`;

interface Report {
  readonly pid: number;
  readonly cpuSeconds: number;
}

interface Started {
  readonly child: ChildProcess;
  /** Everything that the program has written so far. */
  text(): string;
}

/** Starts a program in a process group of its own, which is killed when the test ends, whatever happened. */
function start(program: string, programArguments: readonly string[]): Started {
  const child = spawn(program, [...programArguments], { stdio: ["pipe", "pipe", "inherit"], detached: true });
  onTestFinished(() => {
    if (child.pid !== undefined) endOf(-child.pid);
  });
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    written += text;
  });
  return { child, text: () => written };
}

/** Ends a process, or with a negative number a group of them. */
function endOf(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

function reportIn(text: string): Report {
  const { pid, cpuSeconds }: Report = JSON.parse(text);
  return { pid, cpuSeconds };
}

/** Samples every 10 ms until something is so; checks that no sample is below the one before. */
async function sampleUntil(processes: TaskProcesses, isSo: () => boolean): Promise<number> {
  let last = processes.sample();
  while (!isSo()) {
    await delay(10);
    const now = processes.sample();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
  return last;
}

async function sampleUntilEnd(processes: TaskProcesses, { child }: Started): Promise<number> {
  const closed = once(child, "close");
  await sampleUntil(processes, () => child.exitCode !== null || child.signalCode !== null);
  await closed;
  return processes.sample();
}

async function sampleUntilReport(processes: TaskProcesses, started: Started): Promise<Report> {
  await sampleUntil(processes, () => started.text().endsWith("\n"));
  return reportIn(started.text());
}

function difference(countedSeconds: number, trueSeconds: number): number {
  return Math.abs(countedSeconds - trueSeconds);
}

test("a child's CPU time is counted", async () => {
  const processes = new TaskProcesses(roots);
  const child = start(process.execPath, ["-e", burnAndReport]);
  const counted = await sampleUntilEnd(processes, child);
  expect(difference(counted, reportIn(child.text()).cpuSeconds)).toBeLessThan(toleranceSeconds);
});

test("a child's CPU time is counted when no sample saw the child", async () => {
  const processes = new TaskProcesses(roots);
  const child = start(process.execPath, ["-e", burnAndReport]);
  await once(child.child, "close");
  expect(difference(processes.sample(), reportIn(child.text()).cpuSeconds)).toBeLessThan(toleranceSeconds);
});

test("a grandchild's CPU time is counted after its end", async () => {
  const processes = new TaskProcesses(roots);
  const shell = start("sh", ["-c", '"$0" -e "$1"; exit 0', process.execPath, burnAndReport]);
  const counted = await sampleUntilEnd(processes, shell);
  expect(difference(counted, reportIn(shell.text()).cpuSeconds)).toBeLessThan(toleranceSeconds);
});

test("a grandchild's CPU time is counted while it lives", async () => {
  const processes = new TaskProcesses(roots);
  const shell = start("sh", ["-c", '"$0" -e "$1"; exit 0', process.execPath, burnReportAndStay]);
  const { pid, cpuSeconds } = await sampleUntilReport(processes, shell);
  expect(difference(processes.sample(), cpuSeconds)).toBeLessThan(toleranceSeconds);
  process.kill(pid);
  expect(difference(await sampleUntilEnd(processes, shell), cpuSeconds)).toBeLessThan(toleranceSeconds);
});

test("a child that was killed keeps its CPU time", async () => {
  const processes = new TaskProcesses(roots);
  const child = start(process.execPath, ["-e", burnReportAndStay]);
  const { cpuSeconds } = await sampleUntilReport(processes, child);
  child.child.kill("SIGKILL");
  expect(difference(await sampleUntilEnd(processes, child), cpuSeconds)).toBeLessThan(toleranceSeconds);
});

test("fifty processes that live for milliseconds are counted, each once", async () => {
  const processes = new TaskProcesses(roots);
  const burn = "(i=0; while [ $i -lt 10000 ]; do i=$((i+1)); done)";
  // The shell's own `times` prints its CPU time and that of the children it waited for.
  const shell = start("sh", ["-c", `n=0; while [ $n -lt 50 ]; do n=$((n+1)); ${burn}; done; times`]);
  const counted = await sampleUntilEnd(processes, shell);
  const cpuTimes = [...shell.text().matchAll(/(\d+)m([\d.]+)s/g)];
  expect(cpuTimes).toHaveLength(4);
  const trueSeconds = cpuTimes.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  expect(trueSeconds).toBeGreaterThan(0.2);
  expect(difference(counted, trueSeconds)).toBeLessThan(toleranceSeconds);
});

test("an orphan is counted while it lives and after its end", async () => {
  const processes = new TaskProcesses(roots);
  // The shell ends as soon as it reads a line; the process that it put into the background then has no parent of ours.
  const shell = start("sh", ["-c", '"$0" -e "$1" & read line; exit 0', process.execPath, burnReportAndStay]);
  await sampleUntil(processes, () => processes.aliveCount === 2);
  shell.child.stdin?.write("\n");
  const { pid, cpuSeconds } = await sampleUntilReport(processes, shell);
  await sampleUntil(processes, () => shell.child.exitCode !== null);
  expect(difference(processes.sample(), cpuSeconds)).toBeLessThan(toleranceSeconds);
  expect(processes.aliveCount).toBe(1);

  endOf(pid);
  await sampleUntil(processes, () => processes.aliveCount === 0);
  expect(difference(processes.sample(), cpuSeconds)).toBeLessThan(toleranceSeconds);
});

test("what children spent before is not counted", async () => {
  const earlier = start(process.execPath, ["-e", burnAndReport]);
  await once(earlier.child, "close");
  expect(new TaskProcesses(roots).sample()).toBe(0);
});

test("resident memory is the largest sum over the processes that lived at once, and stays when they end", async () => {
  const processes = new TaskProcesses(roots);
  expect(processes.peakResidentBytes).toBeNull();
  const hold = "const held = Buffer.alloc(40 * 2 ** 20, 1); console.log(held.length); setInterval(() => held, 1e6);";
  const twice = start("sh", ["-c", '"$0" -e "$1" & "$0" -e "$1"', process.execPath, hold]);
  await sampleUntil(processes, () => twice.text().split("\n").length === 3);
  processes.sample();
  const peak = processes.peakResidentBytes;
  expect(peak).toBeGreaterThan(80 * 2 ** 20);
  expect(peak).toBeLessThan(400 * 2 ** 20);
  expect(processes.aliveCount).toBe(3);
});

test("without /proc the error says so", () => {
  expect(() => new TaskProcesses({ proc: plantTree({}), sys: "/sys" })).toThrow(
    expect.objectContaining({ code: "HOST_UNREADABLE" }),
  );
});
