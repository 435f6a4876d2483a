import { CarbonOpsError } from "../errors.ts";
import type { IntensityPeriod, IntensityRequest, IntensitySeries } from "./intensity.ts";

/**
 * Holds a provider to its contract, whoever wrote it, before its numbers become grams. Throws INTENSITY_ANSWER_INVALID for
 * another zone or kind, values that are no intensities and periods out of order; INTENSITY_NO_DATA when nothing lies in the
 * interval.
 */
export function checkedSeries(
  series: IntensitySeries | null | undefined,
  providerId: string,
  request: IntensityRequest,
): IntensitySeries {
  const { kind, zone, interval } = request;
  // Whoever writes a provider in JavaScript may give anything.
  if (series === null || typeof series !== "object") throw refused(providerId, `${String(series)} instead of a series`);
  if (!Array.isArray(series.periods) || !Array.isArray(series.errors)) {
    throw refused(providerId, "a series without its lists of periods and errors");
  }
  if (series.zone !== zone) throw refused(providerId, `zone ${series.zone} instead of ${zone}`);
  if (series.kind !== kind) throw refused(providerId, `a ${series.kind} intensity instead of a ${kind} one`);
  const { autocorrelationPerHour: rho } = series;
  if (!(rho >= 0 && rho <= 1)) throw refused(providerId, `an autocorrelation of ${rho}, which is not from 0 to 1`);
  for (const { sourceId, relativeUncertainty: relative } of series.errors) {
    if (!(relative > 0 && Number.isFinite(relative)))
      throw refused(providerId, `the error ${sourceId} of ${relative}, which is not above 0`);
  }
  series.periods.forEach((period, index) => {
    const fault = faultOf(period, series.periods[index - 1]);
    if (fault !== null) throw refused(providerId, fault);
  });
  const isInside = ({ startMs, endMs }: IntensityPeriod): boolean =>
    interval === null || (startMs < interval.endMs && endMs > interval.startMs) || isMomentIn(interval, startMs, endMs);
  if (series.periods.some(isInside)) return series;
  throw new CarbonOpsError(
    "INTENSITY_NO_DATA",
    `The provider ${providerId} has no ${kind} intensity of ${zone} for the time that was asked for; another provider may.`,
  );
}

/** A span of no length lies in the period that its moment lies in. */
function isMomentIn(interval: { startMs: number; endMs: number }, startMs: number, endMs: number): boolean {
  return interval.startMs === interval.endMs && startMs <= interval.startMs && interval.endMs <= endMs;
}

function faultOf(period: IntensityPeriod, previous: IntensityPeriod | undefined): string | null {
  const { startMs, endMs, gramsPerKwh, relativeUncertainty } = period;
  const isAmount = (value: number): boolean => Number.isFinite(value) && value >= 0;
  if (!isAmount(gramsPerKwh)) return `${gramsPerKwh} g/kWh, which is no intensity`;
  if (!isAmount(relativeUncertainty)) return `the uncertainty ${relativeUncertainty}, which is not 0 or more`;
  if (!(Number.isFinite(startMs) && Number.isFinite(endMs) && endMs >= startMs))
    return "a period that ends before it starts";
  if (previous !== undefined && startMs < previous.endMs) return "periods that overlap or are out of order";
  return null;
}

function refused(providerId: string, what: string): CarbonOpsError {
  return new CarbonOpsError(
    "INTENSITY_ANSWER_INVALID",
    `The provider ${providerId} gave ${what}; its answer is refused, report it to whoever maintains the provider.`,
  );
}
