import { placeError } from "./annual-errors.ts";
import type { IntensityError } from "./intensity.ts";
import type { JudgedPeriods, SourcePeriod } from "./period-source.ts";
import { findZone } from "./zones.ts";

/** The error of one value, relative to it: its own part, and the part of the model that made it, which others share. */
export interface ValueError {
  readonly own: number;
  readonly model: number;
}

export interface SharedParts {
  /** What all values of this publisher share. */
  readonly source: IntensityError | null;
  /** What the values of one model share; its figure is worked out from the values. */
  readonly model: Omit<IntensityError, "relativeUncertainty"> | null;
}

/**
 * Values with their own errors, beside what they share. Values of one model err together, so that the sum over the periods
 * errs by the mean of their errors, weighted by value and time.
 */
export function judgedPeriods(
  zone: string,
  periods: readonly SourcePeriod[],
  errorOf: (period: SourcePeriod) => ValueError,
  { source, model }: SharedParts,
): JudgedPeriods {
  const errors: IntensityError[] = source === null ? [] : [source];
  const relativeUncertainty = weightedModelError(periods, errorOf);
  if (model !== null && relativeUncertainty > 0) errors.push({ ...model, relativeUncertainty });
  const known = findZone(zone);
  const place = known === undefined ? null : placeError(known);
  if (place !== null) errors.push(place);
  return {
    errors,
    periods: periods.map((period) => ({
      startMs: period.startMs,
      endMs: period.endMs,
      gramsPerKwh: period.gramsPerKwh,
      isEstimated: period.isEstimated,
      estimationMethod: period.estimationMethod,
      relativeUncertainty: errorOf(period).own,
      updatedAt: period.updatedAt,
    })),
  };
}

function weightedModelError(periods: readonly SourcePeriod[], errorOf: (period: SourcePeriod) => ValueError): number {
  let error = 0;
  let weight = 0;
  for (const period of periods) {
    const part = period.gramsPerKwh * (period.endMs - period.startMs);
    error += part * errorOf(period).model;
    weight += part;
  }
  return weight === 0 ? Math.max(0, ...periods.map((period) => errorOf(period).model)) : error / weight;
}

/** What is left of a total relative error when a part of it stands elsewhere: never both. */
export function remainder(total: number, part: number): number {
  return Math.sqrt(Math.max(0, total ** 2 - part ** 2));
}
