import type { IntensityKind } from "../intensity/intensity.ts";
import { checkedNumber, invalidInput, shown } from "./checked-number.ts";
import type { EmbodiedFigures } from "./embodied.ts";

/** What a score is per: an API call, a user, a job. The same unit for everything that is compared. */
export interface FunctionalUnit {
  /** In words: "request", "training step". */
  readonly unit: string;
  /** How many of them the energy served, above 0; may be given with each estimate instead. */
  readonly count?: number | undefined;
}

/**
 * Software Carbon Intensity, (O + M) per R, by ISO/IEC 21031:2024: the location-based average of the grid, embodied carbon included,
 * no offsets or certificates. Null with the reason where something that the standard asks for is missing.
 */
export interface SciScore {
  readonly status: "stated" | "no_functional_unit" | "embodied_not_declared" | "no_average_intensity";
  readonly standard: "ISO/IEC 21031:2024";
  /** Grams of CO2e per functional unit. */
  readonly score: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly functionalUnit: string | null;
  readonly functionalUnitCount: number | null;
  readonly operationalGrams: number | null;
  readonly embodiedGrams: number | null;
  readonly intensityKind: IntensityKind | null;
}

interface ScoredGrams {
  readonly grams: number;
  readonly operationalGrams: number;
  readonly interval: { readonly lowerGrams: number; readonly upperGrams: number };
}

/** @param average grams by the average intensity; null where none is known */
export function sciScore(
  average: ScoredGrams | null,
  embodied: EmbodiedFigures,
  functionalUnit: FunctionalUnit | null,
): SciScore {
  const count = functionalUnit?.count ?? null;
  const parts = {
    standard: "ISO/IEC 21031:2024",
    functionalUnit: functionalUnit?.unit ?? null,
    functionalUnitCount: count,
    operationalGrams: average?.operationalGrams ?? null,
    embodiedGrams: embodied.grams,
    intensityKind: average === null ? null : "average",
  } as const;
  const none = { ...parts, score: null, lower: null, upper: null };
  if (count === null) return { ...none, status: "no_functional_unit" };
  if (average === null) return { ...none, status: "no_average_intensity" };
  if (embodied.grams === null) return { ...none, status: "embodied_not_declared" };
  return {
    ...parts,
    status: "stated",
    score: average.grams / count,
    lower: average.interval.lowerGrams / count,
    upper: average.interval.upperGrams / count,
  };
}

const countRange = { minimum: 0, maximum: 1e15, allowed: "a number above 0 and at most 1e15" };

/** Throws INPUT_INVALID when the unit has no name, or its number is not above 0. */
export function checkedFunctionalUnit(functionalUnit: FunctionalUnit | undefined): FunctionalUnit | null {
  if (functionalUnit === undefined) return null;
  if (typeof functionalUnit !== "object" || functionalUnit === null) {
    throw invalidInput(`The functional unit is ${shown(functionalUnit)}, but must be { unit, count }.`);
  }
  const { unit, count } = functionalUnit;
  if (typeof unit !== "string" || unit.trim() === "") {
    throw invalidInput(`The functional unit's name is ${shown(unit)}, but must be a text such as "request".`);
  }
  return { unit, count: count === undefined ? undefined : checkedCount("functionalUnit.count", count) };
}

export function checkedCount(name: string, count: number): number {
  const checked = checkedNumber(name, count, countRange);
  if (checked > 0) return checked;
  throw invalidInput(`${name} is 0, but must be a number above 0: a score per nothing does not exist.`);
}
