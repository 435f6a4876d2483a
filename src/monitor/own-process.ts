import { type AttributionTotals, totalsBetween } from "../attribution/accumulator.ts";
import type { TaskWindow } from "../attribution/task-shares.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/settings.ts";
import { openSource } from "../discovery/open-source.ts";
import type { EnergySource } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import { readHostname } from "../host/hostname.ts";
import type { HostRoots } from "../host/roots.ts";
import { readCpuTimes } from "../host/stat.ts";
import { type IdleBaseline, idleBaselineFor } from "./energy-figures.ts";
import { Sampler } from "./sampler.ts";
import { baselineFilePath, findBaseline } from "./stored-baseline.ts";
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
  const { roots, clock } = surroundings;
  try {
    const { cpuTdpWatts } = settings;
    const { source } = await openSource({
      roots,
      clock,
      wanted: settings.energySource ?? "auto",
      governorSocket: settings.governorSocket,
      ...(cpuTdpWatts === undefined ? {} : { cpuTdpWatts }),
    });
    try {
      const baseline = baselineOf(source, settings.idleBaselineWatts, surroundings, problems);
      return startSampling(source, baseline, surroundings);
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

/** A stored baseline that is not used is a problem to know of; a configured one makes it irrelevant. */
function baselineOf(
  source: EnergySource,
  configuredWatts: number | undefined,
  { roots, clock, environment }: ProcessSurroundings,
  problems: string[],
): IdleBaseline {
  if (configuredWatts !== undefined) return idleBaselineFor(source, configuredWatts);
  const { baseline, note } = findBaseline(baselineFilePath(environment), source, readHostname(roots), clock.wallMs());
  if (note !== null) problems.push(note);
  return idleBaselineFor(source, undefined, baseline);
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
