import { analyticalTruncated } from "../uncertainty/analytical-truncated.ts";
import type { Quantity } from "../uncertainty/product.ts";
import { varianceShares } from "../uncertainty/variance-shares.ts";
import { kilowattHoursFromWattHours } from "../units.ts";
import { energyParts, summedEnergy } from "./energy-parts.ts";
import { type ErrorInputs, energyRow, multiplicativeSources, privateSourceId } from "./error-sources.ts";
import type { BudgetRow, GramsFigures } from "./estimate.ts";

export interface GramsInputs extends ErrorInputs {
  /** How the region became the intensity's zone, in words. */
  readonly mapping: string;
  /** Probability that the interval holds, in (0, 1). */
  readonly level: number;
}

export interface GramsResult {
  readonly figures: GramsFigures;
  /** Mean of the energy after truncation at 0, in watt-hours. */
  readonly energyWh: number;
  readonly energyMassBelowZero: number;
  /** Joules at the plug per joule of the sum of host and GPUs. */
  readonly wallFactorMean: number;
}

export function gramsOf(inputs: GramsInputs): GramsResult {
  const { energy, intensity, level } = inputs;
  const sources = multiplicativeSources(inputs);
  const exactFactor: Quantity = { mean: kilowattHoursFromWattHours(intensity.gramsPerKwh), standardUncertainty: 0 };
  const result = analyticalTruncated({
    energy: summedEnergy(energy),
    factors: [exactFactor, ...sources.map(({ factor }) => factor)],
    level,
  });
  const truncatedEnergy: Quantity = {
    mean: result.energyMean,
    standardUncertainty: result.energyStandardDeviation,
  };
  const shares = varianceShares([truncatedEnergy, ...sources.map(({ factor }) => factor)]);
  const rows = [energyRow(truncatedEnergy), ...sources.map(({ row }) => row)];
  const isExact = result.standardUncertainty === 0;
  const budget = rows.map((row, index) => ({ ...row, shareOfVariance: isExact ? 0 : (shares[index] ?? 0) }));
  const figures: GramsFigures = {
    grams: result.mean,
    standardUncertaintyGrams: result.standardUncertainty,
    uncertaintyPct: result.mean > 0 ? (100 * result.standardUncertainty) / result.mean : null,
    medianGrams: result.median,
    interval: { lowerGrams: result.lower, upperGrams: result.upper, level, kind: result.intervalKind },
    method: result.method,
    intensityGPerKwh: intensity.gramsPerKwh,
    intensity: {
      kind: intensity.kind,
      scope: intensity.scope,
      basis: intensity.basis,
      year: intensity.year,
      period: intensity.period,
      source: intensity.source,
      licence: intensity.licence,
      isEstimated: intensity.isEstimated,
      retrievedAt: intensity.retrievedAt,
      zone: intensity.zone,
      zoneName: intensity.zoneName,
      mapping: inputs.mapping,
    },
    budget,
    components: componentsOf(budget, result.standardUncertainty),
    privateUncertaintyGrams: privatePartOf(budget, result.standardUncertainty),
  };
  return {
    figures,
    energyWh: result.energyMean,
    energyMassBelowZero: result.energyMassBelowZero,
    wallFactorMean: energyParts(energy, inputs.wallFactor.mean, inputs.gpuWallFactor.mean).factor,
  };
}

function componentsOf(budget: readonly BudgetRow[], standardUncertaintyGrams: number): ReadonlyMap<string, number> {
  const components = new Map<string, number>();
  for (const { sourceId, shareOfVariance } of budget) {
    if (shareOfVariance === 0 || sourceId === privateSourceId) continue;
    const component = standardUncertaintyGrams * Math.sqrt(shareOfVariance);
    components.set(sourceId, (components.get(sourceId) ?? 0) + component);
  }
  return components;
}

function privatePartOf(budget: readonly BudgetRow[], standardUncertaintyGrams: number): number {
  const share = budget.find(({ sourceId }) => sourceId === privateSourceId)?.shareOfVariance ?? 0;
  return standardUncertaintyGrams * Math.sqrt(share);
}
