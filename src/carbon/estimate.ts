import type { IntensityBasis, IntensityKind, IntensityScope } from "../intensity/intensity.ts";
import { type SnakeJson, toSnakeCase } from "../snake-case.ts";

/** How good the inputs were, weakest first in rank: a fallback stands in for something unknown. */
export type QualityFlag = "measured" | "estimated" | "fallback";

export interface CoverageInterval {
  readonly lowerGrams: number;
  readonly upperGrams: number;
  /** Probability that the interval holds, in (0, 1). */
  readonly level: number;
  /** equal_tailed: as much probability below as above. upper_limit: [0, upper], where the energy may well be nothing. */
  readonly kind: "equal_tailed" | "upper_limit";
}

/** One input and what it adds to the uncertainty (a row of the budget, JCGM 100, 7.2.7). */
export interface BudgetRow {
  /** What the error is shared with: equal ids in two estimates mean the same error. */
  readonly sourceId: string;
  /** What is uncertain, in words. */
  readonly quantity: string;
  readonly estimate: number;
  readonly unit: string;
  readonly distribution: "truncated_normal" | "lognormal" | "shifted_lognormal" | "exact";
  /** Standard deviation of the logarithm; null where the error is not multiplicative. */
  readonly lnSigma: number | null;
  /** Standard uncertainty in the row's unit. */
  readonly standardUncertainty: number;
  /** Share of the variance of the grams, in [0, 1]; the rows sum to 1 unless everything is exact. */
  readonly shareOfVariance: number;
  /** What the error is the same over, in words. */
  readonly scope: string;
  readonly citation: string;
}

/** Which intensity was used, and what it is. */
export interface IntensityUsed {
  readonly kind: IntensityKind;
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  readonly year: number | null;
  readonly period: string;
  readonly source: string;
  readonly licence: string;
  readonly isEstimated: boolean;
  readonly retrievedAt: string | null;
  readonly zone: string;
  readonly zoneName: string;
  /** How the region that was asked for became this zone, in words. */
  readonly mapping: string;
}

/** Grams of CO2e by one kind of intensity, and how sure we are. */
export interface GramsFigures {
  /** Mean, in grams. Only means add up over tasks. */
  readonly grams: number;
  readonly standardUncertaintyGrams: number;
  /** Standard uncertainty in per cent of the mean; null when the mean is 0. */
  readonly uncertaintyPct: number | null;
  readonly medianGrams: number;
  readonly interval: CoverageInterval;
  readonly method: "analytical_truncated";
  readonly intensityGPerKwh: number;
  readonly intensity: IntensityUsed;
  readonly budget: readonly BudgetRow[];
  /**
   * Signed standard uncertainty in grams per error source. To sum estimates, add the components of equal ids linearly, then
   * combine the ids and the private parts in quadrature.
   */
  readonly components: ReadonlyMap<string, number>;
  /** Standard uncertainty in grams that no other estimate shares. */
  readonly privateUncertaintyGrams: number;
}

export interface CarbonEstimateFields extends GramsFigures {
  /** Energy before wall factor and PUE: the mean of what is left when values below zero are excluded. */
  readonly energyWh: number;
  readonly energyKwh: number;
  /** Best value of the energy as it was handed in; it differs from energyWh only when its uncertainty reaches zero. */
  readonly energyWhStated: number;
  /** Probability that the stated energy and its uncertainty gave to values below zero, which physics excludes; 0 to 1. */
  readonly energyMassBelowZero: number;
  readonly totalEnergyWithPueKwh: number;
  readonly pueUsed: number;
  readonly wallFactorUsed: number;
  /** Profile that the PUE came from: "cloud-hyperscale", "aws:eu-west-1", "stated", … */
  readonly datacenterType: string;
  /** The region that was asked for; "global-average" when none was. */
  readonly region: string;
  /** Publisher of the intensity (the original's word for it). */
  readonly source: string;
  readonly qualityFlag: QualityFlag;
  /** Share of the span for which the region's own intensity was known, in per cent: 0 when the world average stood in. */
  readonly coveragePct: number;
  /** ISO 8601, UTC; null when not known. */
  readonly startTs: string | null;
  readonly endTs: string | null;
  /** Version of the arithmetic. */
  readonly conversionVersion: string;
  /** Version of the intensity provider. */
  readonly providerVersion: string;
  /** The same energy with the marginal intensity: another quantity, never to be added to the average one. */
  readonly marginal: GramsFigures | null;
  /** What a reader should know about these numbers, one sentence each. */
  readonly notes: readonly string[];
}

/** What an energy caused in grams of CO2e, and how sure we are. */
export interface CarbonEstimate extends CarbonEstimateFields {
  /** The snake_case form, with the Python original's names: what `JSON.stringify` writes. */
  toJSON(): SnakeJson;
}

export function carbonEstimate(fields: CarbonEstimateFields): CarbonEstimate {
  return { ...fields, toJSON: () => toSnakeCase(fields) };
}
