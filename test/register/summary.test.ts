import { expect, test } from "vitest";
import type { TaskNameFigures, TaskReport } from "../../src/monitor/task-figures.ts";
import { summaryLine, summaryText } from "../../src/register/summary.ts";

const nothing = { cpuSeconds: 0, marginalJoules: 0, proportionalJoules: 0 };

function named(name: string, cpuSeconds: number): TaskNameFigures {
  const counts = { started: 3, watched: 3, completed: 1, failed: 2, cancelled: 0 };
  const figures = { cpuSeconds, marginalJoules: 36 * cpuSeconds, proportionalJoules: 72 * cpuSeconds };
  return { name, ...counts, durationSeconds: 1, ...figures, cpuShare: 0.5, uncertainty: null };
}

function report(tasks: readonly TaskNameFigures[]): TaskReport {
  return {
    tasks,
    outsideTasks: { ...nothing, cpuSeconds: 0.5 },
    otherThreads: nothing,
    childProcesses: nothing,
    process: nothing,
    hostJoules: null,
    restOfHostJoules: null,
    measuredSeconds: 1,
    gaps: 0,
  };
}

test("people read the largest tasks first, and what is no task's below them", () => {
  const ended = { pid: 7, command: ["app.js"], report: report([named("GET /a", 1), named("GET /b", 2)]), problems: [] };
  expect(summaryText(ended).split("\n")).toEqual(
    [
      "carbon-ops: tasks of process 7",
      "                   calls  failed  CPU time   energy",
      "  GET /b               3       2    2.00 s  20.0 mWh",
      "  GET /a               3       2    1.00 s  10.0 mWh",
      "  outside tasks                     500 ms     0 mWh",
      "  other threads                       0 ms     0 mWh",
      "  child processes                     0 ms     0 mWh",
      "  process                             0 ms     0 mWh",
      "",
    ].map((line) => line.replace(/ {3}energy$/, "    energy")),
  );
});

test("energy that nobody knows is not shown as none, and the reason stands below", () => {
  const unknown = { ...named("GET /a", 1), marginalJoules: null, proportionalJoules: null };
  const text = summaryText({ pid: 7, command: [], report: report([unknown]), problems: ["Nothing can be read."] });
  expect(text).toMatch(/GET \/a .* not known\n/);
  expect(text).toMatch(/\n {2}Nothing can be read\.\n$/);
});

test("of very many names the rest is counted", () => {
  const tasks = Array.from({ length: 25 }, (_, index) => named(`GET /${index}`, 1));
  expect(summaryText({ pid: 7, command: [], report: report(tasks), problems: [] })).toContain("and 5 more");
});

test("programs read one line of JSON a process", () => {
  const line = summaryLine({ pid: 7, command: ["app.js"], report: report([named("GET /a", 1)]), problems: [] });
  expect(line.endsWith("\n")).toBe(true);
  expect(JSON.parse(line)).toMatchObject({
    pid: 7,
    command: ["app.js"],
    tasks: [{ name: "GET /a", completed: 1, failed: 2, cpu_seconds: 1, marginal_joules: 36 }],
    outside_tasks: { cpu_seconds: 0.5 },
  });
});
