import type { IntensityBasis, IntensityKind, IntensityScope, ProviderAttempt } from "../intensity/intensity.ts";
import { type SnakeJson, toSnakeCase } from "../snake-case.ts";
import type { MissingPolicy } from "./buckets.ts";
import type { EmbodiedFigures } from "./embodied.ts";
import type { EstimateInputs } from "./estimate-inputs.ts";
import type { SciScore } from "./sci.ts";
import type { TaxonomyFigures } from "./taxonomy.ts";

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
  /** A: from a series of observations. B: from anything else (JCGM 100, 4.2 and 4.3). */
  readonly type: "A" | "B";
  /** Null where they are not known, and then taken as infinite. */
  readonly degreesOfFreedom: number | null;
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

/** Which intensity was used, and what it is: enough to ask the same provider again. */
export interface IntensityUsed {
  readonly kind: IntensityKind;
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  readonly year: number | null;
  /** In words: "2024", or "2026-01-01T10:00:00.000Z to 2026-01-01T12:00:00.000Z, values of 3600 s". */
  readonly period: string;
  readonly source: string;
  readonly licence: string;
  /** Whether a value in use is something else than an observation of its time. */
  readonly isEstimated: boolean;
  /** Whether its publisher may still revise a value. */
  readonly isProvisional: boolean;
  readonly retrievedAt: string | null;
  readonly zone: string;
  readonly zoneName: string;
  /** How the region that was asked for became this zone, in words. */
  readonly mapping: string;
  readonly providerId: string;
  readonly providerVersion: string;
  readonly providerZone: string;
  /** What was asked, without credentials; null for a packaged table. */
  readonly endpoint: string | null;
  readonly bodySha256: string | null;
  readonly cache: "none" | "hit" | "miss";
  readonly cacheAgeSeconds: number | null;
  /** Length of the provider's periods; null for an annual value. */
  readonly periodSeconds: number | null;
  readonly autocorrelationPerHour: number;
  readonly missingPolicy: MissingPolicy;
  /** Share of the energy that fell into the provider's own periods, in per cent. */
  readonly coveragePct: number;
  /** Energy that is in no gram, because nothing is known of its time and the policy is "drop"; watt-hours. */
  readonly droppedEnergyWh: number;
  /** Number of parts that the span was cut into. */
  readonly bucketCount: number;
  /** The values in order of time; neighbours are merged where there are more than 96. */
  readonly buckets: readonly BucketUsed[];
}

/** Values of a part of a span, as they were when the estimate was made. */
export interface BucketUsed {
  /** ISO 8601, UTC. */
  readonly startTs: string;
  readonly endTs: string;
  /** Energy-weighted mean; null where the energy was dropped. */
  readonly gramsPerKwh: number | null;
  /** Share of the span's energy, in [0, 1]. */
  readonly energyShare: number;
  /** "observed", the provider's word for how it was estimated, or how carbon-ops filled the gap; several where they were merged. */
  readonly estimation: string;
}

/** `analytical_truncated`: quadrature. `monte_carlo`: JCGM 101. Both solve the same model. */
export type EstimationMethod = "analytical_truncated" | "monte_carlo";

export interface SamplingUsed {
  readonly trials: number;
  readonly seed: number;
  /** Name and version of the sampler: the same one gives the same figures for the same seed. */
  readonly sampler: string;
  /** Whether the figures are stable to the digits that were asked for; true where a number of trials was asked for. */
  readonly isStable: boolean;
}

/** Grams of CO2e by one kind of intensity, and how sure we are. */
export interface GramsFigures {
  /** Mean, in grams: operation, and the hardware's part where it is declared. Only means add up over tasks. */
  readonly grams: number;
  /** The part that electricity caused. */
  readonly operationalGrams: number;
  readonly standardUncertaintyGrams: number;
  /** Standard uncertainty in per cent of the mean; null when the mean is 0. */
  readonly uncertaintyPct: number | null;
  readonly medianGrams: number;
  readonly interval: CoverageInterval;
  readonly method: EstimationMethod;
  /** How the model was sampled; null for the method that needs no random numbers. */
  readonly sampling: SamplingUsed | null;
  readonly intensityGPerKwh: number;
  readonly intensity: IntensityUsed;
  readonly budget: readonly BudgetRow[];
  /**
   * Signed standard uncertainty in grams per error source that other estimates may share. To sum estimates, add the components of equal ids linearly, then
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
  /** Watt-hours: standard uncertainty of `energyWhStated`, of all its errors, before values below zero were excluded. */
  readonly energyStandardUncertaintyWh: number;
  /**
   * The same energy with the marginal intensity: another quantity, never to be added to the average one. Null where none is known, and
   * where the main figures are marginal themselves because no average is (see `intensity.kind`).
   */
  readonly marginal: GramsFigures | null;
  /** The hardware's part; the same for both kinds of intensity. */
  readonly embodied: EmbodiedFigures;
  readonly sci: SciScore;
  /** Null where embodied carbon is not declared. */
  readonly taxonomy: TaxonomyFigures | null;
  /** Who was asked for the intensity, and why those before the one that answered did not. */
  readonly attempts: readonly ProviderAttempt[];
  /** What the estimate was made of beside the intensities: enough to make it again when those are revised. */
  readonly inputs: EstimateInputs;
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
