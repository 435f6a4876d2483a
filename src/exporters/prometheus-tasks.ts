import { energyUncertaintyWh } from "../carbon/energy-parts.ts";
import type { SharedFigures, TaskNameFigures, TaskReport } from "../monitor/task-figures.ts";
import { joulesFromWattHours, wattHoursFromJoules } from "../units.ts";
import { counter, gauge, type MetricFamily, numberSample, type Sample } from "./prometheus.ts";
import { type SteadyParts, steadyParts } from "./prometheus-steady.ts";

/**
 * Makes the part of a page that is exact up to now: calls, CPU time and energy of tasks, and what is no task's. Counters count since the
 * first task, and none goes back from one page to the next.
 */
export function taskFamilies(): (report: TaskReport) => MetricFamily[] {
  const cpu = steadyParts();
  const marginal = steadyParts();
  const proportional = steadyParts();
  const rest = steadyParts();
  return (report) => {
    const seconds = partsOf(report, cpu, ({ cpuSeconds }) => cpuSeconds);
    const joules = [
      ["marginal", partsOf(report, marginal, ({ marginalJoules }) => marginalJoules)],
      ["proportional", partsOf(report, proportional, ({ proportionalJoules }) => proportionalJoules)],
    ] as const;
    return [
      ...callFamilies(report.tasks),
      counter(
        "carbon_ops_task_cpu_seconds_total",
        "CPU time of a task.",
        seconds.tasks.map(([task, value]) => numberSample(value, { task })),
      ),
      counter(
        "carbon_ops_task_energy_joules_total",
        'Energy of a task. share="marginal": above idle power; "proportional": idle power spread over the busy. Never add the two.',
        joules.flatMap(([share, { tasks }]) => tasks.map(([task, value]) => numberSample(value, { task, share }))),
      ),
      gauge(
        "carbon_ops_task_energy_uncertainty_joules",
        "Standard uncertainty of a task's marginal energy so far. Tasks share most of it.",
        report.tasks.flatMap((task) => uncertaintyOf(task)),
      ),
      counter(
        "carbon_ops_process_cpu_seconds_total",
        "CPU time of the process and its children: the sum of its parts.",
        seconds.parts.map(([part, value]) => numberSample(value, { part })),
      ),
      counter(
        "carbon_ops_process_energy_joules_total",
        "Energy of the process and its children: the sum of the parts of one share.",
        joules.flatMap(([share, { parts }]) => parts.map(([part, value]) => numberSample(value, { part, share }))),
      ),
      ...hostFamilies(report, rest),
    ];
  };
}

function callFamilies(tasks: readonly TaskNameFigures[]): MetricFamily[] {
  return [
    counter(
      "carbon_ops_task_calls_total",
      "Calls that ended, by how.",
      tasks.flatMap(({ name: task, completed, failed, cancelled }) =>
        Object.entries({ completed, failed, cancelled }).map(([outcome, calls]) =>
          numberSample(calls, { task, outcome }),
        ),
      ),
    ),
    counter(
      "carbon_ops_task_started_total",
      "Calls that started; those that have not ended are open.",
      tasks.map(({ name: task, started }) => numberSample(started, { task })),
    ),
    counter(
      "carbon_ops_task_duration_seconds_total",
      "Time from start to end, summed over the calls that ended.",
      tasks.map(({ name: task, durationSeconds }) => numberSample(durationSeconds, { task })),
    ),
  ];
}

function hostFamilies({ hostJoules, restOfHostJoules, measuredSeconds, gaps }: TaskReport, rest: SteadyParts) {
  const restJoules = restOfHostJoules === null ? [] : [...rest(new Map([["rest", restOfHostJoules]])).values()];
  return [
    counter(
      "carbon_ops_rest_of_host_energy_joules_total",
      "Energy of the host, idle power too, less the marginal energy of this process.",
      restJoules.map((value) => numberSample(value)),
    ),
    counter(
      "carbon_ops_energy_measured_seconds_total",
      "Time that the joules cover: it stands still while nothing can be read.",
      hostJoules === null ? [] : [numberSample(measuredSeconds)],
    ),
    counter(
      "carbon_ops_energy_gaps_total",
      "Failed readings, and steps that were no consumption: energy may then be missing, or of another time.",
      [numberSample(gaps)],
    ),
  ];
}

type Parts = readonly (readonly [string, number])[];

/** The tasks, and the process with them as one part; both empty where a figure is not known. */
function partsOf(
  report: TaskReport,
  steady: SteadyParts,
  of: (figures: SharedFigures) => number | null,
): { readonly tasks: Parts; readonly parts: Parts } {
  const { tasks, outsideTasks, otherThreads, childProcesses } = report;
  const beside = { outside_tasks: outsideTasks, other_threads: otherThreads, child_processes: childProcesses };
  const truth = new Map<string, number>();
  const add = (key: string, figures: SharedFigures): void => {
    const value = of(figures);
    if (value !== null) truth.set(key, value);
  };
  for (const task of tasks) add(taskPrefix + task.name, task);
  for (const [part, figures] of Object.entries(beside)) add(part, figures);
  if (truth.size === 0) return { tasks: [], parts: [] };
  const shown = [...steady(truth)];
  const ofTasks = shown.flatMap(([key, value]) =>
    key.startsWith(taskPrefix) ? [[key.slice(taskPrefix.length), value] as const] : [],
  );
  const others = shown.filter(([key]) => !key.startsWith(taskPrefix));
  return { tasks: ofTasks, parts: [["tasks", ofTasks.reduce((sum, [, value]) => sum + value, 0)], ...others] };
}

/** Keeps a task apart that is named as a part of the process is. */
const taskPrefix = "task ";

function uncertaintyOf({ name, marginalJoules, uncertainty }: TaskNameFigures): Sample[] {
  if (marginalJoules === null || uncertainty === null) return [];
  const { idleWh, idleSourceId: sourceId } = uncertainty;
  const idle =
    idleWh === undefined || sourceId === undefined ? {} : { idle: { standardUncertaintyWh: idleWh, sourceId } };
  const uncertaintyWh = energyUncertaintyWh({ meanWh: wattHoursFromJoules(marginalJoules), ...uncertainty, ...idle });
  return [numberSample(joulesFromWattHours(uncertaintyWh), { task: name })];
}
