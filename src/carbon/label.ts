import { type SnakeJson, toSnakeCase } from "../snake-case.ts";
import { carbonEquivalents } from "./equivalents.ts";
import type { CarbonEstimate } from "./estimate.ts";

/** The Python original's grades. They judge an amount and not how well it was used: a short task is always better than a long one. */
export type CarbonRating = "A+" | "A" | "B" | "C" | "D" | "E" | "F";

/** Kilograms below which a grade is given: the original's own choice, without a source. */
const bounds: readonly (readonly [belowKg: number, rating: CarbonRating])[] = [
  [0.01, "A+"],
  [0.05, "A"],
  [0.1, "B"],
  [0.5, "C"],
  [1, "D"],
  [5, "E"],
];

export function carbonRating(grams: number): CarbonRating {
  return bounds.find(([belowKg]) => grams / 1000 < belowKg)?.[1] ?? "F";
}

/**
 * The Python original's label: rating, equivalents and the estimate itself. Beside the rating of the mean stand those of the
 * interval's ends, so that a grade is not taken for more than is known.
 */
export function carbonLabel(estimate: CarbonEstimate): SnakeJson {
  const { grams, interval, region, datacenterType, endTs } = estimate;
  return {
    carbon_label: {
      rating: carbonRating(grams),
      rating_best: carbonRating(interval.lowerGrams),
      rating_worst: carbonRating(interval.upperGrams),
      region,
      datacenter_type: datacenterType,
      equivalents: toSnakeCase(carbonEquivalents(estimate)),
      estimates: estimate.toJSON(),
      timestamp: endTs,
    },
  };
}
