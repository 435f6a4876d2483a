/**
 * Whose joules of a GPU they are. Each tick's energy is shared by the time in which processes had work on its streaming
 * multiprocessors (SM):
 *
 *     active       = board - idle watts x duration
 *     task         = active x (SM time of the task / SM time of all processes)
 *     others       = the same for every other process
 *     unattributed = board - task - others      (idle power, and ticks in which nobody had work)
 *
 * The idle watts are those of the board while nobody holds it. Where they are not known, the idle part of a tick's time stands in for
 * them: each process gets its SM time over the whole time (over the sum, where processes take turns and it exceeds the time), and what
 * that leaves out is in the uncertainty.
 */

export interface GpuTick {
  readonly durationSeconds: number;
  readonly boardJoules: number;
  /** SM time of the task's processes in per cent of the tick; null where the driver does not tell processes apart. */
  readonly taskSmPercent: number | null;
  /** The same of all processes, the task's included. */
  readonly allSmPercent: number;
}

export interface GpuTotals {
  readonly durationSeconds: number;
  readonly boardJoules: number;
  readonly task: SharedOut;
  readonly others: SharedOut;
  /** Ticks in which processes could not be told apart: their joules are nobody's here. */
  readonly untoldTicks: number;
  readonly tickCount: number;
}

/** What belongs to somebody, kept in parts until the idle watts are known. */
interface SharedOut {
  /** Each tick's joules times the share of SM time among processes. */
  readonly joulesOfBusy: number;
  /** Each tick's joules times the share of SM time in the tick. */
  readonly joulesOfTime: number;
  /** Each tick's duration times the share among processes: what every watt of idle power takes away. */
  readonly seconds: number;
}

const nothing: SharedOut = { joulesOfBusy: 0, joulesOfTime: 0, seconds: 0 };

export const noGpuTotals: GpuTotals = {
  durationSeconds: 0,
  boardJoules: 0,
  task: nothing,
  others: nothing,
  untoldTicks: 0,
  tickCount: 0,
};

export function addGpuTick(totals: GpuTotals, tick: GpuTick): GpuTotals {
  const { durationSeconds, boardJoules, taskSmPercent, allSmPercent } = tick;
  const taskPercent = Math.max(0, taskSmPercent ?? 0);
  const othersPercent = taskSmPercent === null ? 0 : Math.max(0, allSmPercent - taskPercent);
  const busyPercent = taskPercent + othersPercent;
  const share = (owner: SharedOut, percent: number): SharedOut => {
    if (percent === 0) return owner;
    return {
      joulesOfBusy: owner.joulesOfBusy + (boardJoules * percent) / busyPercent,
      joulesOfTime: owner.joulesOfTime + (boardJoules * percent) / Math.max(100, busyPercent),
      seconds: owner.seconds + (durationSeconds * percent) / busyPercent,
    };
  };
  return {
    durationSeconds: totals.durationSeconds + durationSeconds,
    boardJoules: totals.boardJoules + boardJoules,
    task: share(totals.task, taskPercent),
    others: share(totals.others, othersPercent),
    untoldTicks: totals.untoldTicks + (taskSmPercent === null ? 1 : 0),
    tickCount: totals.tickCount + 1,
  };
}

/** `earlier` and the given part of what was added from there to `later`: totals at a time between two ticks. */
export function gpuTotalsBetween(earlier: GpuTotals, later: GpuTotals, part: number): GpuTotals {
  return combined(earlier, later, (before, after) => before + (after - before) * part);
}

/** What was added from one time to another. */
export function gpuTotalsAdded(earlier: GpuTotals, later: GpuTotals): GpuTotals {
  return combined(earlier, later, (before, after) => after - before);
}

function combined(earlier: GpuTotals, later: GpuTotals, of: (before: number, after: number) => number): GpuTotals {
  const shared = (before: SharedOut, after: SharedOut): SharedOut => ({
    joulesOfBusy: of(before.joulesOfBusy, after.joulesOfBusy),
    joulesOfTime: of(before.joulesOfTime, after.joulesOfTime),
    seconds: of(before.seconds, after.seconds),
  });
  return {
    durationSeconds: of(earlier.durationSeconds, later.durationSeconds),
    boardJoules: of(earlier.boardJoules, later.boardJoules),
    task: shared(earlier.task, later.task),
    others: shared(earlier.others, later.others),
    untoldTicks: of(earlier.untoldTicks, later.untoldTicks),
    tickCount: of(earlier.tickCount, later.tickCount),
  };
}

export interface GpuAttribution {
  /** The task's joules; null where processes could never be told apart. */
  readonly taskJoules: number | null;
  readonly othersJoules: number;
  /** The three sum to the board's joules, to rounding. */
  readonly unattributedJoules: number;
  /** Log standard deviation of the task's share. */
  readonly shareLnSigma: number;
  /** Standard uncertainty of the task's joules that does not scale with them. */
  readonly additiveJoules: number;
}

/**
 * An SM second of one process does not draw what one of another does, and how busy an SM is within it nobody says: 0.2 times the share
 * of others, a judgement (0.12 is known for CPU time, METRION, arXiv 2512.06806).
 */
const smTimeWeightLnSigma = 0.2;

/** The idle power of a board drifts with its temperature and clocks: 5 %, as for hosts. */
const idleRelativeUncertainty = 0.05;

/** Counters move in steps of about 0.1 s: two readings, each off by up to that, are off by 0.1 s / sqrt(6) (JCGM 100, 4.3.9). */
const stepSeconds = 0.1 / Math.sqrt(6);

/** @param idleWatts of the board while nobody holds it; null where that was never seen. */
export function gpuAttribution(totals: GpuTotals, idleWatts: number | null): GpuAttribution {
  const taskJoules = joulesOf(totals.task, idleWatts);
  const othersJoules = joulesOf(totals.others, idleWatts);
  const isTold = totals.untoldTicks < totals.tickCount;
  const ownPart = taskJoules + othersJoules > 0 ? taskJoules / (taskJoules + othersJoules) : 1;
  const meanWatts = totals.durationSeconds > 0 ? totals.boardJoules / totals.durationSeconds : 0;
  const taskTimeShare = totals.durationSeconds > 0 ? totals.task.seconds / totals.durationSeconds : 0;
  return {
    taskJoules: isTold ? taskJoules : null,
    othersJoules,
    unattributedJoules: totals.boardJoules - taskJoules - othersJoules,
    shareLnSigma: smTimeWeightLnSigma * Math.min(1, Math.max(0, 1 - ownPart)),
    additiveJoules: Math.hypot(
      meanWatts * stepSeconds * taskTimeShare,
      idleWatts === null ? unknownIdleJoules(totals.task) : idleWatts * idleRelativeUncertainty * totals.task.seconds,
    ),
  };
}

function joulesOf(owner: SharedOut, idleWatts: number | null): number {
  return idleWatts === null ? owner.joulesOfTime : owner.joulesOfBusy - idleWatts * owner.seconds;
}

/** Without idle watts the truth lies anywhere between the two shares: rectangular (JCGM 100, 4.3.7). */
function unknownIdleJoules({ joulesOfBusy, joulesOfTime }: SharedOut): number {
  return (joulesOfBusy - joulesOfTime) / Math.sqrt(12);
}
