import type { AccountFigures } from "../attribution/task-account.ts";
import type { EnergyUncertainty } from "./energy-uncertainty.ts";

/** How a task ended. */
export type TaskOutcome = "completed" | "failed" | "cancelled";

/** CPU time and energy; joules are null where no energy can be read, and while none is known. */
export interface SharedFigures {
  readonly cpuSeconds: number;
  /** Above the idle baseline: what would not have been drawn without it. */
  readonly marginalJoules: number | null;
  /** Its part of all that the host drew, idle power spread over the busy. */
  readonly proportionalJoules: number | null;
}

/** What is known of a task alone. */
export interface TaskFigures extends SharedFigures {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly outcome: TaskOutcome | "open";
  /** By the monotonic clock. */
  readonly durationSeconds: number;
  /** The same, with the tasks inside it that have ended. */
  readonly withChildren: SharedFigures;
  /** Tasks that were started inside it and are still open: they are in none of its figures. */
  readonly openChildren: number;
  /** Whether the energy of every tick of this task is known; before, the last bit is taken at what a CPU second drew in the window before. */
  readonly isSettled: boolean;
  /**
   * Whether it lasted long enough to have ticks of its own (0.2 s). Below that, its joules are its CPU time at the mean power of the
   * ticks that it shared with others: right on average over many, not for one.
   */
  readonly isResolvedAlone: boolean;
  /** Of `marginalJoules`; null where no energy can be read. */
  readonly uncertainty: EnergyUncertainty | null;
}

/** All tasks of a name. */
export interface TaskNameFigures extends SharedFigures {
  readonly name: string;
  /** Calls; where they are sampled, the number that the watched ones stand for. */
  readonly started: number;
  readonly watched: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Sum over the calls that have ended. */
  readonly durationSeconds: number;
  /** Of the process's CPU time, in [0, 1]; outside it, by chance, where few calls are sampled. */
  readonly cpuShare: number;
  readonly uncertainty: EnergyUncertainty | null;
}

/**
 * The energy of this process and whose it is, since the first task:
 *
 *     tasks + outsideTasks + otherThreads + childProcesses = process        process + restOfHost = host
 */
export interface TaskReport {
  readonly tasks: readonly TaskNameFigures[];
  /** The event loop itself, and callbacks of no task. Below 0, by chance, where few calls are sampled. */
  readonly outsideTasks: SharedFigures;
  /** Worker threads of no task, libuv's pool, the garbage collector and the compiler. */
  readonly otherThreads: SharedFigures;
  readonly childProcesses: SharedFigures;
  readonly process: SharedFigures;
  /** Null where no energy can be read. */
  readonly hostJoules: number | null;
  readonly restOfHostJoules: number | null;
  /** Time that the joules cover. */
  readonly measuredSeconds: number;
  /** Failed readings and steps of counters: above 0, energy may be missing, or of another time. */
  readonly gaps: number;
}

/** The same report before anything was in it. */
export function withoutFigures(report: TaskReport): TaskReport {
  const none: SharedFigures = { cpuSeconds: 0, marginalJoules: null, proportionalJoules: null };
  return {
    ...report,
    tasks: [],
    outsideTasks: none,
    otherThreads: none,
    childProcesses: none,
    process: none,
    hostJoules: null,
    restOfHostJoules: null,
    measuredSeconds: 0,
  };
}

/** Joules only where there is a source of them. */
export function sharedFigures(figures: AccountFigures, hasEnergy: boolean): SharedFigures {
  const { cpuSeconds, marginalJoules, proportionalJoules } = figures;
  return hasEnergy
    ? { cpuSeconds, marginalJoules, proportionalJoules }
    : { cpuSeconds, marginalJoules: null, proportionalJoules: null };
}

export function sumOfFigures(first: AccountFigures, second: AccountFigures): AccountFigures {
  return {
    cpuSeconds: first.cpuSeconds + second.cpuSeconds,
    marginalJoules: first.marginalJoules + second.marginalJoules,
    proportionalJoules: first.proportionalJoules + second.proportionalJoules,
  };
}
