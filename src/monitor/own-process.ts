import { type AttributionTotals, totalsBetween } from "../attribution/accumulator.ts";
import type { TaskWindow } from "../attribution/task-shares.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import type { EnergySource } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import type { HostRoots } from "../host/roots.ts";
import { readCpuTimes } from "../host/stat.ts";
import { configuredBaseline, openConfiguredSource } from "./configured-source.ts";
import type { IdleBaseline } from "./energy-figures.ts";
import { Sampler } from "./sampler.ts";
import { TaskProcesses } from "./task-processes.ts";

/** What the measured process is to this one: itself. */
export interface ProcessSurroundings {
  readonly roots: HostRoots;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** CPU seconds of this process, threads that have ended included. */
  readonly ownCpuSeconds: () => number;
}

/** The energy of this process and of what it has started. */
export interface OwnProcess {
  readonly source: EnergySource;
  readonly sampler: Sampler;
  readonly baseline: IdleBaseline;
  /** What this process has started, at the last sample. */
  childPids(): Iterable<number>;
  /** CPU seconds of it, at the last sample. */
  childCpuSeconds(): number;
}

/** Null where nothing can be read; `problems` then says why. */
export async function openOwnProcess(
  settings: Settings,
  surroundings: ProcessSurroundings,
  problems: string[],
): Promise<OwnProcess | null> {
  try {
    const source = await openConfiguredSource(settings, surroundings);
    try {
      const { idleBaseline, note } = configuredBaseline(source, settings, surroundings);
      if (note !== null) problems.push(note);
      return startSampling(source, idleBaseline, surroundings);
    } catch (error) {
      source.close();
      throw error;
    }
  } catch (error) {
    problems.push(messageOf(error));
    return null;
  }
}

/** Throws when the host cannot be read at all. */
function startSampling(
  source: EnergySource,
  baseline: IdleBaseline,
  { roots, clock, ownCpuSeconds }: ProcessSurroundings,
): OwnProcess {
  const children = new TaskProcesses(roots);
  let childCpuSeconds = 0;
  const sampler = new Sampler(
    {
      source,
      clock,
      hostBusyCpuSeconds: () => readCpuTimes(roots).busySeconds,
      taskCpuSeconds: () => {
        childCpuSeconds = children.sample();
        return ownCpuSeconds() + childCpuSeconds;
      },
    },
    baseline.watts ?? 0,
  );
  return {
    source,
    sampler,
    baseline,
    childPids: () => children.pids,
    childCpuSeconds: () => childCpuSeconds,
  };
}

/**
 * What the process drew between two states of its sampler, as its tasks share it. The sampler shares out nothing of the time in which its source
 * was silent, since a span may begin or end there; over a silence as a whole the process has its part by CPU time, as at other times.
 */
export function windowBetween(
  earlier: AttributionTotals,
  later: AttributionTotals,
  childCpuSeconds: number,
  hadSilence: boolean,
): TaskWindow {
  const between = totalsBetween(earlier, later);
  const { durationSeconds, activeJoules, hostJoules, taskCpuSeconds, hostBusyCpuSeconds } = between;
  const share = hostBusyCpuSeconds > 0 ? Math.min(1, Math.max(0, taskCpuSeconds) / hostBusyCpuSeconds) : 0;
  const marginalJoules = hadSilence ? activeJoules * share : between.taskJoules;
  const taskShareSeconds = hadSilence ? durationSeconds * share : between.taskShareSeconds;
  // The idle baseline times the seconds of the share is what the share of all that was drawn has more than that of the active.
  const idleWatts = durationSeconds > 0 ? (hostJoules - activeJoules) / durationSeconds : 0;
  return {
    durationSeconds,
    marginalJoules,
    proportionalJoules: marginalJoules + idleWatts * taskShareSeconds,
    processCpuSeconds: Math.max(0, taskCpuSeconds - childCpuSeconds),
    childCpuSeconds,
    othersCpuSeconds: hostBusyCpuSeconds - taskCpuSeconds,
  };
}
