import { type AttributionTotals, totalsBetween } from "../attribution/accumulator.ts";
import { taskPartUncertainty } from "../attribution/task-uncertainty.ts";
import { joulesFromWattHours, wattHoursFromJoules } from "../units.ts";
import { type EnergyFigures, energyFigures, type IdleBaseline } from "./energy-figures.ts";
import type { EnergyUncertainty } from "./energy-uncertainty.ts";
import type { OwnProcess } from "./own-process.ts";
import { type ProcessTasks, taskTickSeconds } from "./process-tasks.ts";
import type { WatchedTask } from "./task.ts";
import {
  type SharedFigures,
  sharedFigures,
  sumOfFigures,
  type TaskFigures,
  type TaskNameFigures,
  type TaskReport,
} from "./task-figures.ts";
import type { TaskName } from "./task-names.ts";

/** What the energy of tasks is stated with. */
export interface MeasuredProcess {
  readonly own: OwnProcess;
  readonly baseline: IdleBaseline;
  readonly host: string | null;
  /** When the first task started. */
  readonly firstTotals: AttributionTotals;
}

/**
 * @param measured null where no energy can be read; until the first window has ended there are no joules either, nor for CPU time that waits for
 *   its own while no rate is known
 */
export function taskFigures(task: WatchedTask, measured: MeasuredProcess | null, nowMs: number): TaskFigures {
  const own = task.account.provisional();
  const ofChildren = task.ofChildren?.provisional() ?? null;
  const durationSeconds = ((task.endMs ?? nowMs) - task.startMs) / 1000;
  const hasEnergy = measured !== null && hasWindow(measured) && own.provisionalJoules !== null;
  const ofAll = ofChildren === null ? own : sumOfFigures(own, ofChildren);
  return {
    name: task.name,
    labels: task.labels ?? {},
    outcome: task.outcome ?? "open",
    durationSeconds,
    ...sharedFigures(own, hasEnergy),
    withChildren: sharedFigures(ofAll, hasEnergy && ofChildren?.provisionalJoules !== null),
    openChildren: task.openChildren,
    isSettled: own.isSettled && (ofChildren?.isSettled ?? true),
    isResolvedAlone: durationSeconds >= 2 * taskTickSeconds,
    uncertainty: !hasEnergy
      ? null
      : partUncertainty(processFigures(measured, spanOf(task, durationSeconds, measured)), {
          joules: own.marginalJoules,
          provisionalJoules: own.provisionalJoules,
          watched: 1,
          started: 1,
          meanSeconds: durationSeconds,
        }),
  };
}

export function taskReport(tasks: ProcessTasks, measured: MeasuredProcess | null): TaskReport {
  const { process: whole, outsideTasks, otherThreads, childProcesses } = tasks.shares;
  const totals = measured === null ? null : totalsBetween(measured.firstTotals, measured.own.sampler.totals);
  const hasEnergy = totals !== null && totals.tickCount > 0;
  const figures = measured === null || totals === null ? null : processFigures(measured, totals);
  const shown = (part: Parameters<typeof sharedFigures>[0]): SharedFigures => sharedFigures(part, hasEnergy);
  return {
    tasks: [...tasks.names.all].map((named) => nameFigures(named, whole.cpuSeconds, hasEnergy ? figures : null)),
    outsideTasks: shown(outsideTasks),
    otherThreads: shown(otherThreads),
    childProcesses: shown(childProcesses),
    process: shown(whole),
    hostJoules: hasEnergy ? totals.hostJoules : null,
    restOfHostJoules: hasEnergy ? totals.hostJoules - whole.marginalJoules : null,
    measuredSeconds: totals?.durationSeconds ?? 0,
    gaps: measured?.own.sampler.gaps ?? 0,
  };
}

/**
 * A span's energy where it is that of its task alone, because others ran beside it.
 *
 * @param ofSpan the whole process's over the span; not known where there was no reading in it
 */
export function energyOfTask(ofSpan: EnergyFigures, task: TaskFigures, measured: MeasuredProcess): EnergyFigures {
  const { marginalJoules } = task.withChildren;
  if (marginalJoules === null) return { ...ofSpan, energyWhTask: null, allocationRatio: null, uncertainty: null };
  const known = ofSpan.measuredSeconds === null ? { ...sourceAlone(measured), gaps: ofSpan.gaps } : ofSpan;
  return energyOfPart(known, marginalJoules, task.uncertainty);
}

/** Where joules come from, without any. */
export function sourceAlone(measured: MeasuredProcess): EnergyFigures {
  const source = processFigures(measured, measured.own.sampler.totals);
  return { ...source, energyWhTotal: null, energyWhActive: null, allocationRatio: null, measuredSeconds: null };
}

/** The energy of a part of a process, in what is known of all of it. */
export function energyOfPart(
  ofProcess: EnergyFigures,
  joules: number,
  uncertainty: EnergyUncertainty | null,
): EnergyFigures {
  const energyWhTask = wattHoursFromJoules(joules);
  const ratio = energyWhTask / (ofProcess.energyWhActive ?? 0);
  const allocationRatio = Number.isFinite(ratio) ? Math.min(1, Math.max(0, ratio)) : null;
  return { ...ofProcess, energyWhTask, allocationRatio, uncertainty };
}

function nameFigures(named: TaskName, processCpuSeconds: number, ofProcess: EnergyFigures | null): TaskNameFigures {
  const account = named.account.settled();
  const { completed, failed, cancelled } = named.ended;
  const ended = completed + failed + cancelled;
  const durationSeconds = named.durationMs / 1000;
  return {
    name: named.name,
    started: named.started,
    watched: named.watched,
    completed,
    failed,
    cancelled,
    durationSeconds,
    ...sharedFigures(account, ofProcess !== null),
    cpuShare: processCpuSeconds > 0 ? account.cpuSeconds / processCpuSeconds : 0,
    uncertainty:
      ofProcess === null
        ? null
        : partUncertainty(ofProcess, {
            joules: account.marginalJoules,
            watched: named.watched,
            started: named.started,
            meanSeconds: ended > 0 ? durationSeconds / ended : 0,
          }),
  };
}

interface StatedPart {
  readonly joules: number;
  /** Those of `joules` that are taken at a rate of before. */
  readonly provisionalJoules?: number;
  readonly watched: number;
  readonly started: number;
  readonly meanSeconds: number;
}

/** The process's own errors in proportion, and those of the sharing among tasks. */
export function partUncertainty(ofProcess: EnergyFigures, part: StatedPart): EnergyUncertainty | null {
  const { uncertainty, energyWhTask, energyWhActive } = ofProcess;
  if (uncertainty === null) return null;
  const partOf = (wattHours: number | null): number => {
    if (wattHours === null || !(wattHours > 0)) return 0;
    return Math.min(1, Math.max(0, part.joules / joulesFromWattHours(wattHours)));
  };
  const partOfProcess = partOf(energyWhTask);
  const { shareLnSigma, additiveJoules } = taskPartUncertainty({
    ...part,
    partOfProcess,
    partOfActive: partOf(energyWhActive),
    tickSeconds: taskTickSeconds,
  });
  const { idleWh, idleSourceId, ...others } = uncertainty;
  return {
    ...others,
    shareLnSigma,
    additiveWh: Math.hypot(wattHoursFromJoules(additiveJoules), uncertainty.additiveWh * partOfProcess),
    ...(idleWh === undefined || idleSourceId === undefined ? {} : { idleWh: idleWh * partOfProcess, idleSourceId }),
  };
}

export function processFigures({ own, baseline, host }: MeasuredProcess, totals: AttributionTotals): EnergyFigures {
  return energyFigures(own.source, totals, baseline, 0, host);
}

function hasWindow({ own, firstTotals }: MeasuredProcess): boolean {
  return own.sampler.totals.tickCount > firstTotals.tickCount;
}

/** The windows within the task; where they are not nearly all of it, all so far. */
function spanOf(task: WatchedTask, durationSeconds: number, { own }: MeasuredProcess): AttributionTotals {
  const span = totalsBetween(task.startTotals, task.endTotals);
  return span.durationSeconds > 0.9 * durationSeconds ? span : own.sampler.totals;
}
