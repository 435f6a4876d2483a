/**
 * Whose joules they are. Each tick's energy is shared by the CPU time spent in that same tick, because a task that was busy
 * while the host was quiet must not pay for what others did later (design 3.4).
 *
 *     active       = host - idleWatts * duration
 *     task         = active * taskCpu / hostBusyCpu
 *     unattributed = host - task             (idle power, other processes, the kernel)
 *
 * Steal time and idle time are nobody's: they are in neither CPU figure.
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
  readonly tickCount: number;
  /** Ticks in which the task's CPU clock ran ahead of the host's (they are counted differently) and the share was held at 1. */
  readonly limitedTickCount: number;
}

export const zeroTotals: AttributionTotals = {
  durationSeconds: 0,
  hostJoules: 0,
  activeJoules: 0,
  taskJoules: 0,
  hostBusyCpuSeconds: 0,
  taskCpuSeconds: 0,
  tickCount: 0,
  limitedTickCount: 0,
};

/** Totals after one more tick. `idleWatts` is 0 where no baseline is known: then idle energy is shared like the rest. */
export function addTick(totals: AttributionTotals, tick: Tick, idleWatts: number): AttributionTotals {
  const activeJoules = tick.hostJoules - idleWatts * tick.durationSeconds;
  const rawShare = shareOfBusyTime(tick);
  const share = Math.min(1, rawShare);
  return {
    durationSeconds: totals.durationSeconds + tick.durationSeconds,
    hostJoules: totals.hostJoules + tick.hostJoules,
    activeJoules: totals.activeJoules + activeJoules,
    taskJoules: totals.taskJoules + activeJoules * share,
    hostBusyCpuSeconds: totals.hostBusyCpuSeconds + tick.hostBusyCpuSeconds,
    taskCpuSeconds: totals.taskCpuSeconds + tick.taskCpuSeconds,
    tickCount: totals.tickCount + 1,
    limitedTickCount: totals.limitedTickCount + (rawShare > 1 ? 1 : 0),
  };
}

function shareOfBusyTime(tick: Tick): number {
  if (tick.taskCpuSeconds <= 0) return 0;
  if (tick.hostBusyCpuSeconds <= 0) return Number.POSITIVE_INFINITY;
  return tick.taskCpuSeconds / tick.hostBusyCpuSeconds;
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
    tickCount: later.tickCount - earlier.tickCount,
    limitedTickCount: later.limitedTickCount - earlier.limitedTickCount,
  };
}

/** Attributed / active, in [0, 1]; null when nothing was active, since 0 / 0 is not a share. */
export function allocationRatio(totals: AttributionTotals): number | null {
  if (!(totals.activeJoules > 0)) return null;
  return Math.min(1, Math.max(0, totals.taskJoules / totals.activeJoules));
}
