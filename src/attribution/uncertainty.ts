import type { AttributionTotals } from "./accumulator.ts";
import { allocationRatio } from "./accumulator.ts";

/**
 * How far a share by CPU time may be from the truth.
 *
 * A CPU second of one process does not draw what a CPU second of another does (SMT siblings, frequency, vector units,
 * memory traffic): log standard deviation 0.12 for plain CPU time (a judgement after METRION,
 * arXiv 2512.06806). With s = a / (a + b) and that error on a / b, d ln s = (1 - s) d ln(a / b): a task alone on the host has
 * no such error, since there is nobody to be confused with.
 */
const cpuTimeWeightLnSigma = 0.12;

/**
 * Standard uncertainty of the difference of two CPU readings that are each the sum of two figures cut to 10 ms (utime and
 * stime): two independent triangular errors of half-width 10 ms, 10 ms / sqrt(6) each (JCGM 100, 4.3.9).
 */
const tickQuantisationSeconds = (Math.SQRT2 * 0.01) / Math.sqrt(6);

/** An idle baseline drifts with temperature and background work: 5 % (a judgement: the upper end of 2 to 5 %). */
const idleBaselineRelativeUncertainty = 0.05;

export interface AttributionUncertainty {
  /** Log standard deviation of the task's share. */
  readonly shareLnSigma: number;
  /** Standard uncertainty of the task's joules that does not scale with them: CPU clock resolution and idle baseline. */
  readonly additiveJoules: number;
  /** The part of it that this task has for itself: the resolution of CPU clocks. */
  readonly clockJoules: number;
  /** The part of it that every task with this baseline shares. */
  readonly idleJoules: number;
}

/**
 * What one CPU clock is off by, in joules: its resolution times the joules of a CPU second. Where the host's clock shows (next to)
 * no busy time over the span, the counted joules say nothing about whose they are, and all of them may be the task's.
 *
 * @param idleWatts the baseline that was subtracted; its error is amplified by the subtraction and shared by all ticks, so
 *   it adds linearly over the span. Pass 0 when the baseline carries the source's own gain (a model's), which cancels.
 * @param wattsPerBusyCpu joules of a CPU second where the source itself knows them (a model does), otherwise null
 * @param scatterWatts standard uncertainty of a calibrated baseline from its scatter (JCGM 100, 4.2.3), beside the drift
 */
export function attributionUncertainty(
  totals: AttributionTotals,
  idleWatts: number,
  wattsPerBusyCpu: number | null,
  scatterWatts = 0,
): AttributionUncertainty {
  const ratio = allocationRatio(totals) ?? 0;
  const fromTicks =
    wattsPerBusyCpu === null
      ? Math.abs(totals.activeJoules) * Math.min(1, tickQuantisationSeconds / Math.max(0, totals.hostBusyCpuSeconds))
      : wattsPerBusyCpu * tickQuantisationSeconds;
  const idleErrorWatts = Math.hypot(idleWatts * idleBaselineRelativeUncertainty, scatterWatts);
  const fromIdle = idleErrorWatts * totals.taskShareSeconds;
  return {
    shareLnSigma: cpuTimeWeightLnSigma * (1 - ratio),
    additiveJoules: Math.hypot(fromTicks, fromIdle),
    clockJoules: fromTicks,
    idleJoules: fromIdle,
  };
}
