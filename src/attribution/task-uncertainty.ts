/**
 * How far the joules of a task, or of all tasks of a name, may be from the truth, beside what the energy of the process itself is off by.
 *
 * - A CPU second of one task does not draw what one of another does: the log standard deviation of a share by CPU time, 0.12 (see
 *   `uncertainty.ts`), times 1 less the task's part of all that was active.
 * - Time that a task held the event loop stands for CPU time: 0.06 in the logarithm, times 1 less its part of the process. Measured: shares
 *   of 10 to 40 % were off by 1 point in the median and 3.2 at most (`npm run bench -- monitor`); 0.06 is a judgement after that.
 * - In its first and its last tick a task shares the joules at the tick's mean power, whatever the power was while it ran: between nothing and
 *   twice as much, rectangular (JCGM 100, 4.3.7). The errors of many tasks are independent.
 * - Joules that are not known yet are taken at what a CPU second drew before: between nothing and twice as much, rectangular likewise.
 * - Where calls are sampled, their number is a random one: that of n watched calls out of N scatters the sum by about
 *   sqrt(2 (1 - n / N) / n), calls being as different from each other as an exponential distribution's.
 */

const cpuTimeWeightLnSigma = 0.12;
const loopTimeLnSigma = 0.06;

export interface TaskPart {
  readonly joules: number;
  /** Those of `joules` that are taken at a rate of before; none where absent. */
  readonly provisionalJoules?: number;
  /** Of the process's joules, in [0, 1]. */
  readonly partOfProcess: number;
  /** Of the host's active joules, in [0, 1]. */
  readonly partOfActive: number;
  /** Watched calls. */
  readonly watched: number;
  /** Calls that the watched ones stand for. */
  readonly started: number;
  /** Mean length of a call. */
  readonly meanSeconds: number;
  readonly tickSeconds: number;
}

export interface TaskPartUncertainty {
  readonly shareLnSigma: number;
  /** Does not scale with the joules of other tasks, and is this task's alone. */
  readonly additiveJoules: number;
}

export function taskPartUncertainty(part: TaskPart): TaskPartUncertainty {
  const { joules, provisionalJoules = 0, watched, started, meanSeconds, tickSeconds } = part;
  const edgePart = meanSeconds > 0 ? Math.min(1, (2 * tickSeconds) / meanSeconds) : 1;
  const ofEdges = (Math.abs(joules) * edgePart) / Math.sqrt(3 * Math.max(1, watched));
  const ofRate = Math.abs(provisionalJoules) / Math.sqrt(3);
  const watchedRatio = started > 0 ? Math.min(1, watched / started) : 1;
  const ofSampling = Math.abs(joules) * Math.sqrt((2 * (1 - watchedRatio)) / Math.max(1, watched));
  return {
    shareLnSigma: Math.hypot(
      cpuTimeWeightLnSigma * (1 - within01(part.partOfActive)),
      loopTimeLnSigma * (1 - within01(part.partOfProcess)),
    ),
    additiveJoules: Math.hypot(ofEdges, ofRate, ofSampling),
  };
}

function within01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
