import type { CarbonEstimate } from "../carbon/estimate.ts";
import type { EnergyUncertainty } from "./energy-uncertainty.ts";
import type { SharedFigures, TaskFigures, TaskReport } from "./task-figures.ts";

/** The tasks of a name in an interval: those that ended in it, and what the open ones used in it. */
export interface NameInterval extends SharedFigures {
  readonly name: string;
  /** Labels that all watched calls of the name have had in common; absent where there are none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Calls that started in the interval; where they are sampled, the number that the watched ones stand for. */
  readonly started: number;
  readonly watched: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Sum over the calls that ended in it. */
  readonly durationSeconds: number;
  /** Of `marginalJoules`; null where no energy can be read. */
  readonly uncertainty: EnergyUncertainty | null;
  /** Null where there is no energy, or nobody knows the intensity: `problem` then says why. */
  readonly carbon: CarbonEstimate | null;
  readonly problem: string | null;
}

/**
 * What a service did in an interval, and since its first task. In both,
 *
 *     names + outsideTasks + otherThreads + childProcesses = process        process + restOfHost = host
 */
export interface TaskInterval {
  readonly timestampStart: string;
  readonly timestampEnd: string;
  readonly durationSeconds: number;
  /** Those that had calls, CPU time or energy in the interval. */
  readonly names: readonly NameInterval[];
  readonly outsideTasks: SharedFigures;
  readonly otherThreads: SharedFigures;
  readonly childProcesses: SharedFigures;
  readonly process: SharedFigures;
  readonly hostJoules: number | null;
  readonly restOfHostJoules: number | null;
  /** Failed readings and steps of counters in the interval. */
  readonly gaps: number;
  /** "powercap", "governor" …; null where nothing can be read. */
  readonly energySource: string | null;
  readonly energyProvenance: "measured" | "estimated" | null;
  readonly sinceStart: TaskReport;
}

/** A watched task that has ended, and when. */
export interface EndedTask extends TaskFigures {
  /** ISO 8601, UTC. */
  readonly timestampStart: string;
  readonly timestampEnd: string;
}

/**
 * Takes what the tasks of a service used. It is called from a timer, never from the application's own code, and what it throws is
 * counted and left: nothing reaches the application.
 */
export interface TaskSink {
  readonly name: string;
  /** An interval has ended; also called once for the last, shorter one when the logger is closed. */
  interval?(interval: TaskInterval): void;
  /**
   * A watched task has ended and the energy of all its ticks is known (about a second later). Where the source stays silent, or very many
   * tasks wait, it is handed on as it is (`isSettled: false`).
   */
  ended?(task: EndedTask): void;
  /** Resolves when what was taken so far is written or given up; asked by `logger.flush`. */
  flush?(): Promise<void>;
  /** Resolves when everything that was taken is written or given up. */
  close?(): Promise<void>;
}
