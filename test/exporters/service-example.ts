import type { CarbonEstimate } from "../../src/carbon/estimate.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import type { EnergyUncertainty } from "../../src/monitor/energy-uncertainty.ts";
import type { SharedFigures, TaskNameFigures, TaskReport } from "../../src/monitor/task-figures.ts";
import type { NameInterval, TaskInterval } from "../../src/monitor/task-interval.ts";

export const uncertainty: EnergyUncertainty = {
  gainLnSigma: 0.03,
  gainSourceId: "rapl.gain/host=h",
  gainCitation: "an example",
  shareLnSigma: 0.1,
  additiveWh: 0,
};

export function figures(cpuSeconds: number, marginalJoules: number | null = cpuSeconds * 10): SharedFigures {
  return { cpuSeconds, marginalJoules, proportionalJoules: marginalJoules === null ? null : 2 * marginalJoules };
}

export function named(name: string, cpuSeconds: number, more: Partial<TaskNameFigures> = {}): TaskNameFigures {
  const counts = { started: 5, watched: 5, completed: 3, failed: 1, cancelled: 0, durationSeconds: 8, cpuShare: 0.5 };
  return { name, ...counts, ...figures(cpuSeconds), uncertainty, ...more };
}

/** A service of these tasks that adds up, by default with nothing beside them. */
export function report(tasks: readonly TaskNameFigures[], more: Partial<TaskReport> = {}): TaskReport {
  const parts = { outsideTasks: figures(0), otherThreads: figures(0), childProcesses: figures(0), ...more };
  const all = [...tasks, parts.outsideTasks, parts.otherThreads, parts.childProcesses];
  const joules = (of: (part: SharedFigures) => number | null): number | null =>
    all.some((part) => of(part) === null) ? null : all.reduce((sum, part) => sum + (of(part) ?? 0), 0);
  const marginalJoules = joules((part) => part.marginalJoules);
  return {
    tasks,
    ...parts,
    process: {
      cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
      marginalJoules,
      proportionalJoules: joules((part) => part.proportionalJoules),
    },
    hostJoules: marginalJoules === null ? null : marginalJoules + 100,
    restOfHostJoules: marginalJoules === null ? null : 100,
    measuredSeconds: 60,
    gaps: 0,
    ...more,
  };
}

/** Grams of so much energy, in a region whose average and marginal intensities are packaged. */
export async function estimateOf(joules: number, region = "GB"): Promise<CarbonEstimate> {
  return new CarbonEstimator({ region }).estimateOverSpan({
    startTs: "2026-01-01T00:00:00Z",
    endTs: "2026-01-01T00:01:00Z",
    energyWh: joules / 3600,
  });
}

export async function nameInterval(name: string, joules: number, region?: string): Promise<NameInterval> {
  return { ...named(name, joules / 10), carbon: await estimateOf(joules, region), problem: null };
}

export function interval(names: readonly NameInterval[], more: Partial<TaskInterval> = {}): TaskInterval {
  const sinceStart = report(names.map((each) => ({ ...each, cpuShare: 0 })));
  return {
    timestampStart: "2026-01-01T00:00:00.000Z",
    timestampEnd: "2026-01-01T00:01:00.000Z",
    durationSeconds: 60,
    names,
    ...sinceStart,
    energySource: "powercap",
    energyProvenance: "measured",
    sinceStart,
    ...more,
  };
}
