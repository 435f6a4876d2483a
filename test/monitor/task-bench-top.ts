import { onTestFinished } from "vitest";
import type { OwnProcess } from "../../src/monitor/own-process.ts";
import { ProcessTasks } from "../../src/monitor/process-tasks.ts";
import { Sampler } from "../../src/monitor/sampler.ts";
import type { Task } from "../../src/monitor/task.ts";
import type { TaskFigures, TaskNameFigures, TaskReport } from "../../src/monitor/task-figures.ts";
import type { TaskInterval } from "../../src/monitor/task-interval.ts";
import type { IntervalEdge } from "../../src/monitor/task-intervals.ts";
import { type MeasuredProcess, taskFigures, taskReport } from "../../src/monitor/task-statement.ts";
import { type HostState, scriptedHost } from "./scripted-host.ts";

/** A process whose time passes only where a test works: every millisecond of it is CPU time and draws `watts`. */
export interface TaskBench {
  readonly tasks: ProcessTasks;
  readonly host: HostState;
  /** Keeps the event loop busy. */
  readonly work: (milliseconds: number) => void;
  /** Ends the tick and the window, as the logger does each second. */
  readonly settle: () => void;
  readonly report: () => TaskReport;
  /** Everything up to now, as an interval is cut at it. */
  readonly edge: () => IntervalEdge;
  readonly named: (name: string) => TaskNameFigures;
  readonly watched: (task: Task) => TaskFigures;
}

interface BenchOptions {
  readonly watts?: number;
  readonly random?: () => number;
  /** Without a source of energy. */
  readonly isBlind?: boolean;
}

export function taskBench({ watts = 100, random = () => 0, isBlind = false }: BenchOptions = {}): TaskBench {
  let nowMs = 0;
  const { now: host, sampled } = scriptedHost();
  const sampler = new Sampler(sampled, 0);
  const own: OwnProcess | null = isBlind
    ? null
    : {
        source: sampled.source,
        sampler,
        baseline: { watts: 0, origin: "configured" },
        childPids: () => [],
        childCpuSeconds: () => 0,
      };
  const measured = (): MeasuredProcess | null => {
    const { firstTotals } = tasks;
    return own === null ? null : { own, baseline: { watts: 0, origin: "configured" }, host: "a", firstTotals };
  };
  const tasks = new ProcessTasks({
    // No kernel: the loop's thread has all of the process's CPU time.
    roots: { proc: "/nowhere", sys: "/nowhere" },
    own,
    nowMs: () => nowMs,
    processCpuSeconds: () => nowMs / 1000,
    random,
    figures: (task) => taskFigures(task, measured(), nowMs),
  });
  onTestFinished(() => tasks.close());
  const report = (): TaskReport => taskReport(tasks, measured());
  const settle = (): void => {
    tasks.endTick();
    sampler.advance();
    tasks.endWindow();
  };
  return {
    tasks,
    host,
    work: (milliseconds) => {
      const seconds = milliseconds / 1000;
      nowMs += milliseconds;
      host.seconds += seconds;
      host.joules += watts * seconds;
      host.hostBusyCpuSeconds += seconds;
      host.taskCpuSeconds += seconds;
    },
    settle,
    report,
    edge: () => ({
      wallMs: 1_767_225_600_000 + nowMs,
      monotonicNs: BigInt(Math.round(nowMs * 1e6)),
      report: report(),
      measured: measured(),
      labelsOf: (name) => tasks.names.labelsOf(name),
    }),
    named: (name) => {
      const found = report().tasks.find((figures) => figures.name === name);
      if (found === undefined) throw new Error(`no task is called ${name}`);
      return found;
    },
    watched: (task) => {
      const figures = task.figures();
      if (figures === null) throw new Error("the task is not watched");
      return figures;
    },
  };
}

/** What is left of the process when all its parts are taken away: 0 to rounding. */
export function residueOf({
  outsideTasks,
  otherThreads,
  childProcesses,
  process,
  ...whole
}: TaskReport | TaskInterval): number {
  const named = "tasks" in whole ? whole.tasks : whole.names;
  const parts = [...named, outsideTasks, otherThreads, childProcesses];
  return parts.reduce((left, { marginalJoules }) => left - (marginalJoules ?? 0), process.marginalJoules ?? 0);
}
