import { type AttributionTotals, totalsBetween } from "../attribution/accumulator.ts";
import { isoFromWallMs } from "../clock.ts";
import { secondsFromNanoseconds } from "../units.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import type { SharedFigures, TaskNameFigures, TaskReport } from "./task-figures.ts";
import type { NameInterval, TaskInterval } from "./task-interval.ts";
import { energyOfPart, type MeasuredProcess, partUncertainty, processFigures } from "./task-statement.ts";

/** Everything that is known at an instant. */
export interface IntervalEdge {
  readonly wallMs: number;
  readonly monotonicNs: bigint;
  readonly report: TaskReport;
  /** Null where nothing can be read. */
  readonly measured: MeasuredProcess | null;
  /** What the sampler had then; null where nothing can be read. */
  readonly totals: AttributionTotals | null;
  readonly labelsOf: (name: string) => Readonly<Record<string, string>> | null;
}

/** What the process itself did that is no task's, as intervals and reports name it. */
export const processParts = ["outsideTasks", "otherThreads"] as const;

export type ProcessPart = (typeof processParts)[number];

/** What an interval holds before anybody knows its grams. */
export interface ClosedInterval {
  readonly interval: TaskInterval;
  /** Whether any energy was read. */
  readonly hasEnergy: boolean;
  /** Of the names, in their order; null where no energy was read. */
  readonly energies: readonly (EnergyFigures | null)[];
  readonly partEnergies: Readonly<Record<ProcessPart, EnergyFigures | null>>;
  /** Milliseconds since 1970 from which on the energy was used: before the interval, where the source was silent in the one before. */
  readonly energySinceMs: number;
  readonly endMs: number;
}

type Labels = Readonly<Record<string, string>>;

/**
 * Cuts what the tasks used into intervals that follow one another: each is the difference of two reports, so that its parts add up as
 * theirs do, and all intervals together are the last report.
 */
export class TaskIntervals {
  #from: IntervalEdge;
  /** Start of the first of the last intervals in which nothing was read. */
  #unreadSinceMs: number | null = null;

  constructor(first: IntervalEdge) {
    this.#from = first;
  }

  close(edge: IntervalEdge): ClosedInterval {
    const from = this.#from;
    const durationSeconds = Math.max(0, secondsFromNanoseconds(edge.monotonicNs - from.monotonicNs));
    // The wall clock may be set while an interval is open; its length is the monotonic clock's.
    const endMs = from.wallMs + durationSeconds * 1000;
    const ofProcess = this.#ofProcess(edge);
    const energySinceMs = this.#unreadSinceMs ?? from.wallMs;
    const names = namesBetween(from.report, edge, durationSeconds, ofProcess);
    const interval: TaskInterval = {
      timestampStart: isoFromWallMs(from.wallMs),
      timestampEnd: isoFromWallMs(endMs),
      durationSeconds,
      names: names.map(({ figures }) => figures),
      ...partsBetween(from.report, edge.report, ofProcess !== null),
      gaps: edge.report.gaps - from.report.gaps,
      energySource: edge.measured?.own.source.id ?? null,
      energyProvenance: edge.measured?.own.source.provenance ?? null,
      sinceStart: edge.report,
    };
    this.#unreadSinceMs = ofProcess === null ? energySinceMs : null;
    this.#from = edge;
    return {
      interval,
      hasEnergy: ofProcess !== null,
      energies: names.map(({ energy }) => energy),
      partEnergies: partEnergiesOf(interval, ofProcess),
      energySinceMs,
      endMs,
    };
  }

  /** Null where no reading came in the interval: the next one then has its energy too. */
  #ofProcess({ measured, totals: until, report }: IntervalEdge): EnergyFigures | null {
    if (measured === null || this.#from.totals === null || until === null) return null;
    const from = this.#from.report.hostJoules === null ? measured.firstTotals : this.#from.totals;
    const totals = totalsBetween(from, until);
    return totals.tickCount > 0
      ? { ...processFigures(measured, totals), gaps: report.gaps - this.#from.report.gaps }
      : null;
  }
}

/** The errors are those of a task that is open all the time. */
function partEnergiesOf(
  interval: TaskInterval,
  ofProcess: EnergyFigures | null,
): Readonly<Record<ProcessPart, EnergyFigures | null>> {
  const energyOf = (part: ProcessPart): EnergyFigures | null => {
    const joules = interval[part].marginalJoules;
    if (ofProcess === null || joules === null) return null;
    const { durationSeconds: meanSeconds } = interval;
    return energyOfPart(ofProcess, joules, partUncertainty(ofProcess, { joules, watched: 1, started: 1, meanSeconds }));
  };
  return {
    outsideTasks: energyOf("outsideTasks"),
    otherThreads: energyOf("otherThreads"),
  };
}

function partsBetween(earlier: TaskReport, later: TaskReport, hasEnergy: boolean) {
  const part = (name: ProcessPart | "childProcesses" | "process"): SharedFigures =>
    figuresBetween(earlier[name], later[name], hasEnergy);
  const joules = (name: "hostJoules" | "restOfHostJoules"): number | null =>
    hasEnergy ? (later[name] ?? 0) - (earlier[name] ?? 0) : null;
  return {
    outsideTasks: part("outsideTasks"),
    otherThreads: part("otherThreads"),
    childProcesses: part("childProcesses"),
    process: part("process"),
    hostJoules: joules("hostJoules"),
    restOfHostJoules: joules("restOfHostJoules"),
  };
}

function figuresBetween(earlier: SharedFigures | null, later: SharedFigures, hasEnergy: boolean): SharedFigures {
  const cpuSeconds = later.cpuSeconds - (earlier?.cpuSeconds ?? 0);
  if (!hasEnergy) return { cpuSeconds, marginalJoules: null, proportionalJoules: null };
  return {
    cpuSeconds,
    marginalJoules: (later.marginalJoules ?? 0) - (earlier?.marginalJoules ?? 0),
    proportionalJoules: (later.proportionalJoules ?? 0) - (earlier?.proportionalJoules ?? 0),
  };
}

interface NameOfInterval {
  readonly figures: NameInterval;
  readonly energy: EnergyFigures | null;
}

/** In the order in which names were first used. */
function namesBetween(
  earlier: TaskReport,
  { report, labelsOf }: IntervalEdge,
  intervalSeconds: number,
  ofProcess: EnergyFigures | null,
): readonly NameOfInterval[] {
  const before = new Map(earlier.tasks.map((figures) => [figures.name, figures]));
  const names: NameOfInterval[] = [];
  for (const now of report.tasks) {
    const known = before.get(now.name) ?? null;
    if (known === null || hasMoved(known, now)) {
      names.push(nameBetween(known, now, { intervalSeconds, ofProcess, labels: labelsOf(now.name) }));
    }
  }
  return names;
}

function hasMoved(before: TaskNameFigures, now: TaskNameFigures): boolean {
  const counted = ["started", "completed", "failed", "cancelled", "cpuSeconds", "marginalJoules"] as const;
  return counted.some((member) => before[member] !== now[member]);
}

interface NameSurroundings {
  readonly intervalSeconds: number;
  readonly ofProcess: EnergyFigures | null;
  readonly labels: Labels | null;
}

function nameBetween(
  before: TaskNameFigures | null,
  now: TaskNameFigures,
  { intervalSeconds, ofProcess, labels }: NameSurroundings,
): NameOfInterval {
  const counts = {
    started: now.started - (before?.started ?? 0),
    watched: now.watched - (before?.watched ?? 0),
    completed: now.completed - (before?.completed ?? 0),
    failed: now.failed - (before?.failed ?? 0),
    cancelled: now.cancelled - (before?.cancelled ?? 0),
  };
  const durationSeconds = now.durationSeconds - (before?.durationSeconds ?? 0);
  const shared = figuresBetween(before, now, ofProcess !== null);
  const ended = counts.completed + counts.failed + counts.cancelled;
  // Of a call that goes over an edge of the interval, a part lies in it, as long as the interval at most.
  const meanSeconds = ended > 0 ? Math.min(intervalSeconds, durationSeconds / ended) : intervalSeconds;
  const joules = shared.marginalJoules;
  const uncertainty =
    ofProcess === null || joules === null
      ? null
      : partUncertainty(ofProcess, { joules, watched: counts.watched, started: counts.started, meanSeconds });
  return {
    figures: {
      name: now.name,
      ...(labels === null ? {} : { labels }),
      ...counts,
      durationSeconds,
      ...shared,
      uncertainty,
      carbon: null,
      problem: null,
    },
    energy: ofProcess === null || joules === null ? null : energyOfPart(ofProcess, joules, uncertainty),
  };
}
