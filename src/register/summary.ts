import type { SharedFigures, TaskReport } from "../monitor/task-figures.ts";
import { toSnakeCase } from "../snake-case.ts";
import { formatDurationSeconds, formatEnergyWh, wattHoursFromJoules } from "../units.ts";

/** A process that has ended, and what is known of it. */
export interface EndedProcess {
  readonly pid: number;
  readonly command: readonly string[];
  readonly report: TaskReport;
  readonly problems: readonly string[];
}

/** Held as it is now: the process ends with whatever an application has put in its place. */
const { stringify } = JSON;

/** Names that are shown; files have all of them. */
const shownNames = 20;

/** One line of JSON, so that several processes may write to one file. */
export function summaryLine({ pid, command, report, problems }: EndedProcess): string {
  return `${stringify(toSnakeCase({ pid, command, ...report, problems }))}\n`;
}

/** For people: the names with the largest CPU time first, then what is no task's. Energy is above the idle baseline. */
export function summaryText({ pid, report, problems }: EndedProcess): string {
  const names = [...report.tasks].sort((left, right) => right.cpuSeconds - left.cpuSeconds);
  const rows: string[][] = [["", "calls", "failed", "CPU time", "energy"]];
  for (const { name, completed, failed, cancelled, ...shared } of names.slice(0, shownNames)) {
    rows.push([
      name,
      String(Math.round(completed + failed + cancelled)),
      String(Math.round(failed)),
      ...figures(shared),
    ]);
  }
  if (names.length > shownNames) rows.push([`and ${names.length - shownNames} more`, "", "", "", ""]);
  for (const [name, part] of partsOf(report)) rows.push([name, "", "", ...figures(part)]);
  const lines = [`carbon-ops: tasks of process ${pid}`, ...aligned(rows), ...problems.map((problem) => `  ${problem}`)];
  return `${lines.join("\n")}\n`;
}

function partsOf(report: TaskReport): readonly (readonly [string, SharedFigures])[] {
  return [
    ["outside tasks", report.outsideTasks],
    ["other threads", report.otherThreads],
    ["child processes", report.childProcesses],
    ["process", report.process],
  ];
}

function figures({ cpuSeconds, marginalJoules }: SharedFigures): [string, string] {
  return [
    formatDurationSeconds(Math.max(0, cpuSeconds)),
    marginalJoules === null ? "not known" : formatEnergyWh(wattHoursFromJoules(marginalJoules)),
  ];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (known, row) => row.map((cell, at) => Math.max(cell.length, known[at] ?? 0)),
    [],
  );
  return rows.map((row) =>
    `  ${row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ")}`.trimEnd(),
  );
}
