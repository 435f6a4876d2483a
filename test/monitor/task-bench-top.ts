import { onTestFinished } from "vitest";
import type { EnergyReading, EnergySource } from "../../src/energy/source.ts";
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
  readonly sampler: Sampler;
  /** Keeps the event loop busy. */
  readonly work: (milliseconds: number) => void;
  /** Time passes, and power is drawn, in which nobody uses a CPU. */
  readonly wait: (milliseconds: number) => void;
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
  /** The source tells each tenth of a second, as the governor does, while it is there. */
  readonly governor?: { isAway: boolean };
}

/** A tenth of a second, in milliseconds; a source that tells nothing for longer than a quarter of one is silent. */
const governorTickMs = 100;
const silentAfterMs = 250;

/** A source whose readings are those that it was there for. */
function governedSource(source: EnergySource, readings: readonly EnergyReading[]): EnergySource {
  const first = readings[0] ?? source.read();
  return {
    ...source,
    read: () => readings.at(-1) ?? first,
    readAround: (monotonicNs) => {
      const at = Math.max(
        0,
        readings.findLastIndex((reading) => reading.monotonicNs <= monotonicNs),
      );
      const [before, after] = [readings[at] ?? first, readings[at + 1] ?? null];
      const isApart = Number((after?.monotonicNs ?? monotonicNs) - before.monotonicNs) / 1e6 > silentAfterMs;
      return { before, after, silence: isApart ? "it is away" : null };
    },
  };
}

export function taskBench({ watts = 100, random = () => 0, isBlind = false, governor }: BenchOptions = {}): TaskBench {
  let [nowMs, cpuMs] = [0, 0];
  const { now: host, sampled: scripted } = scriptedHost();
  const readings = [scripted.source.read()];
  const sampled =
    governor === undefined ? scripted : { ...scripted, source: governedSource(scripted.source, readings) };
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
    processCpuSeconds: () => cpuMs / 1000,
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
  const pass = (milliseconds: number, cpuMilliseconds: number): void => {
    const before = nowMs;
    nowMs += milliseconds;
    cpuMs += cpuMilliseconds;
    host.seconds += milliseconds / 1000;
    host.joules += (watts * milliseconds) / 1000;
    host.hostBusyCpuSeconds += cpuMilliseconds / 1000;
    host.taskCpuSeconds += cpuMilliseconds / 1000;
    const isTick = Math.floor(nowMs / governorTickMs) > Math.floor(before / governorTickMs);
    if (isTick && governor?.isAway === false) readings.push(scripted.source.read());
  };
  return {
    tasks,
    host,
    sampler,
    work: (milliseconds) => pass(milliseconds, milliseconds),
    wait: (milliseconds) => pass(milliseconds, 0),
    settle,
    report,
    edge: () => ({
      wallMs: 1_767_225_600_000 + nowMs,
      monotonicNs: BigInt(Math.round(nowMs * 1e6)),
      report: report(),
      measured: measured(),
      totals: own?.sampler.totals ?? null,
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
