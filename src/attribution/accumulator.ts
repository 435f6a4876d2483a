/**
 * Whose joules they are. Each tick's energy is shared by the CPU time spent in that same tick, because a task that was busy
 * while the host was quiet must not pay for what others did later (design 3.4).
 *
 *     active       = host - idleWatts * duration
 *     task         = active * taskCpu / hostBusyCpu
 *     unattributed = host - task             (idle power, other processes, the kernel)
 *
 * Steal time and idle time are nobody's: they are in neither CPU figure.
 *
 * The kernel counts a process's time precisely and the host's busy time by timer ticks of 10 ms, so in a short tick the task
 * may seem busier than its host. Its share is then held at 1 and the CPU time above it is carried into the next tick, where
 * the host's clock has caught up: nothing is lost. The carry is at most what the task spent in that one tick, so that a host
 * whose clock is wrong for good cannot pile up a claim on others' energy.
 */

export interface Tick {
  readonly durationSeconds: number;
  readonly hostJoules: number;
  /** CPU seconds that any process or the kernel of this host spent. */
  readonly hostBusyCpuSeconds: number;
  /** CPU seconds that the task's processes spent. */
  readonly taskCpuSeconds: number;
}

export interface AttributionTotals {
  readonly durationSeconds: number;
  readonly hostJoules: number;
  /** Above the idle baseline. Signed: when the host drew less than its baseline, this says so instead of hiding it. */
  readonly activeJoules: number;
  /** The task's share of the active energy. */
  readonly taskJoules: number;
  readonly hostBusyCpuSeconds: number;
  readonly taskCpuSeconds: number;
  /** Each tick's duration times the task's share in it: joules that `taskJoules` loses for every watt of idle baseline. */
  readonly taskShareSeconds: number;
  readonly tickCount: number;
  /** CPU seconds by which the task's clock is ahead of the host's: they take part in the next tick's share. */
  readonly carriedTaskCpuSeconds: number;
}

export const zeroTotals: AttributionTotals = {
  durationSeconds: 0,
  hostJoules: 0,
  activeJoules: 0,
  taskJoules: 0,
  hostBusyCpuSeconds: 0,
  taskCpuSeconds: 0,
  taskShareSeconds: 0,
  tickCount: 0,
  carriedTaskCpuSeconds: 0,
};

/** Totals after one more tick. `idleWatts` is 0 where no baseline is known: then idle energy is shared like the rest. */
export function addTick(totals: AttributionTotals, tick: Tick, idleWatts: number): AttributionTotals {
  const activeJoules = tick.hostJoules - idleWatts * tick.durationSeconds;
  const claimedCpuSeconds = Math.max(0, tick.taskCpuSeconds) + totals.carriedTaskCpuSeconds;
  const attributedCpuSeconds = Math.min(claimedCpuSeconds, Math.max(0, tick.hostBusyCpuSeconds));
  const share = attributedCpuSeconds > 0 ? attributedCpuSeconds / tick.hostBusyCpuSeconds : 0;
  return {
    durationSeconds: totals.durationSeconds + tick.durationSeconds,
    hostJoules: totals.hostJoules + tick.hostJoules,
    activeJoules: totals.activeJoules + activeJoules,
    taskJoules: totals.taskJoules + activeJoules * share,
    hostBusyCpuSeconds: totals.hostBusyCpuSeconds + tick.hostBusyCpuSeconds,
    taskCpuSeconds: totals.taskCpuSeconds + tick.taskCpuSeconds,
    taskShareSeconds: totals.taskShareSeconds + tick.durationSeconds * share,
    tickCount: totals.tickCount + 1,
    carriedTaskCpuSeconds: Math.min(claimedCpuSeconds - attributedCpuSeconds, Math.max(0, tick.taskCpuSeconds)),
  };
}

/** What happened between two moments of one accumulation. */
export function totalsBetween(earlier: AttributionTotals, later: AttributionTotals): AttributionTotals {
  return {
    durationSeconds: later.durationSeconds - earlier.durationSeconds,
    hostJoules: later.hostJoules - earlier.hostJoules,
    activeJoules: later.activeJoules - earlier.activeJoules,
    taskJoules: later.taskJoules - earlier.taskJoules,
    hostBusyCpuSeconds: later.hostBusyCpuSeconds - earlier.hostBusyCpuSeconds,
    taskCpuSeconds: later.taskCpuSeconds - earlier.taskCpuSeconds,
    taskShareSeconds: later.taskShareSeconds - earlier.taskShareSeconds,
    tickCount: later.tickCount - earlier.tickCount,
    carriedTaskCpuSeconds: later.carriedTaskCpuSeconds,
  };
}

/** Attributed / active, in [0, 1]; null when nothing was active, since 0 / 0 is not a share. */
export function allocationRatio(totals: AttributionTotals): number | null {
  if (!(totals.activeJoules > 0)) return null;
  return Math.min(1, Math.max(0, totals.taskJoules / totals.activeJoules));
}
