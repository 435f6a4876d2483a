import type { CarbonEstimate } from "../../../src/carbon/estimate.ts";
import { CarbonEstimator } from "../../../src/carbon/estimator.ts";
import type { EnergyUncertainty } from "../../../src/monitor/energy-uncertainty.ts";
import type { SharedFigures, TaskReport } from "../../../src/monitor/task-figures.ts";
import type { EndedTask, NameInterval, TaskInterval } from "../../../src/monitor/task-interval.ts";

const uncertainty: EnergyUncertainty = {
  gainLnSigma: 0.1,
  gainSourceId: "gain/example",
  gainCitation: "an example",
  shareLnSigma: 0.05,
  additiveWh: 1e-5,
};

const start = "2026-03-01T10:00:00.000Z";
const end = "2026-03-01T10:01:00.000Z";

/** The grams of so many joules in Great Britain. */
export async function estimateOf(joules: number, errors = uncertainty): Promise<CarbonEstimate> {
  const { idleWh: _idleWh, idleSourceId: _idleSourceId, ...energyErrors } = errors;
  return new CarbonEstimator({ region: "GB" }).estimateOverSpan({
    startTs: start,
    endTs: end,
    energy: { meanWh: joules / 3600, ...energyErrors, boundary: "package_and_dram", provenance: "measured" },
  });
}

function shared(cpuSeconds: number, joules: number | null): SharedFigures {
  return { cpuSeconds, marginalJoules: joules, proportionalJoules: joules === null ? null : joules * 2 };
}

const counts = { started: 3, watched: 3, completed: 2, failed: 1, cancelled: 0, durationSeconds: 0.3 };

export function nameInterval(name: string, joules: number | null, carbon: CarbonEstimate | null): NameInterval {
  return {
    name,
    ...counts,
    ...shared(1, joules),
    uncertainty: joules === null ? null : uncertainty,
    carbon,
    problem: carbon === null ? "Nobody knows the intensity." : null,
  };
}

interface Example {
  /** Since the start. */
  readonly joules?: ReadonlyMap<string, number>;
  readonly outsideJoules?: number;
  readonly names?: readonly NameInterval[];
}

/** An interval of a minute; the names have had so many joules since the start. */
export function exampleInterval({
  joules = new Map([["checkout", 10]]),
  outsideJoules = 5,
  names = [],
}: Example = {}): TaskInterval {
  const tasks = [...joules].map(([name, value]) => ({
    name,
    ...counts,
    ...shared(1, value),
    cpuShare: 0.1,
    uncertainty,
  }));
  const sum = tasks.reduce((total, { marginalJoules }) => total + (marginalJoules ?? 0), 0);
  const parts = {
    outsideTasks: shared(2, outsideJoules),
    otherThreads: shared(1, 3),
    childProcesses: shared(0, 0),
    process: shared(3 + tasks.length, sum + outsideJoules + 3),
  };
  const sinceStart: TaskReport = {
    tasks,
    ...parts,
    hostJoules: 500,
    restOfHostJoules: 500 - sum - outsideJoules - 3,
    measuredSeconds: 120,
    gaps: 1,
  };
  return {
    timestampStart: start,
    timestampEnd: end,
    durationSeconds: 60,
    names,
    ...parts,
    hostJoules: 240,
    restOfHostJoules: 220,
    gaps: 0,
    energySource: "powercap",
    energyProvenance: "measured",
    sinceStart,
  };
}

export function endedTask(name: string, joules: number): EndedTask {
  return {
    name,
    labels: {},
    outcome: "completed",
    durationSeconds: 0.5,
    ...shared(0.2, joules),
    withChildren: shared(0.2, joules),
    openChildren: 0,
    isSettled: true,
    isResolvedAlone: true,
    uncertainty,
    timestampStart: start,
    timestampEnd: start,
  };
}
