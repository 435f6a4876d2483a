import { analyticalTruncated } from "../uncertainty/analytical-truncated.ts";
import { productOfFactors, type Quantity } from "../uncertainty/product.ts";
import { kilowattHoursFromWattHours } from "../units.ts";
import type { MissingPolicy } from "./buckets.ts";
import { dividedVariance, type ErrorTerm } from "./divided-variance.ts";
import type { EmbodiedCarbon } from "./embodied.ts";
import { energyParts, partOfEnergy, summedEnergy } from "./energy-parts.ts";
import {
  additiveSources,
  type ErrorInputs,
  embodiedRow,
  isPrivateSource,
  multiplicativeSources,
} from "./error-sources.ts";
import type { BudgetRow, GramsFigures } from "./estimate.ts";
import type { GramsModel, SolvedGrams } from "./grams-model.ts";
import { intensityUsed } from "./intensity-used.ts";
import { type SamplingWanted, sampledModel } from "./sampled-model.ts";

export interface GramsInputs extends ErrorInputs {
  readonly embodied: EmbodiedCarbon;
  /** How the region became the intensity's zone, in words. */
  readonly mapping: string;
  readonly missingPolicy: MissingPolicy;
  /** Probability that the interval holds, in (0, 1). */
  readonly level: number;
  /** Null for the analytical method. */
  readonly sampling: SamplingWanted | null;
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
  const { intensity, embodied, level } = inputs;
  const energy = partOfEnergy(inputs.energy, intensity.usedShare);
  const sources = multiplicativeSources({ ...inputs, energy });
  const model: GramsModel = {
    energy: summedEnergy(energy),
    gramsPerWattHour: kilowattHoursFromWattHours(intensity.gramsPerKwh),
    sources,
    embodied,
    level,
  };
  const analytical = solvedAnalytically(model);
  const solved = inputs.sampling === null ? analytical : sampledModel(model, inputs.sampling, analytical.intervalKind);
  const truncatedEnergy: Quantity = {
    mean: analytical.energyMean,
    standardUncertainty: analytical.energyStandardDeviation,
  };
  const budget = budgetOf(energy, truncatedEnergy, model);
  const figures: GramsFigures = {
    grams: solved.mean,
    operationalGrams: operationalMean(truncatedEnergy, model),
    standardUncertaintyGrams: solved.standardUncertainty,
    uncertaintyPct: solved.mean > 0 ? (100 * solved.standardUncertainty) / solved.mean : null,
    medianGrams: solved.median,
    interval: { lowerGrams: solved.lower, upperGrams: solved.upper, level, kind: solved.intervalKind },
    method: solved.sampling === null ? "analytical_truncated" : "monte_carlo",
    sampling: solved.sampling,
    intensityGPerKwh: intensity.gramsPerKwh,
    intensity: intensityUsed(intensity, inputs.mapping, inputs.missingPolicy, summedEnergy(inputs.energy).mean),
    budget,
    components: componentsOf(budget, solved.standardUncertainty),
    privateUncertaintyGrams: privatePartOf(budget, solved.standardUncertainty),
  };
  return {
    figures,
    energyWh: truncatedEnergy.mean,
    energyMassBelowZero: analytical.energyMassBelowZero,
    wallFactorMean: energyParts(energy, inputs.wallFactor.mean, inputs.gpuWallFactor.mean).factor,
  };
}

interface AnalyticalGrams extends SolvedGrams {
  readonly energyMean: number;
  readonly energyStandardDeviation: number;
  readonly energyMassBelowZero: number;
}

function solvedAnalytically({ energy, gramsPerWattHour, sources, embodied, level }: GramsModel): AnalyticalGrams {
  const addend = embodied.grams === null ? {} : { addend: embodied.grams };
  // What is 1 plus a lognormal keeps that shape: a PUE of its own mean and uncertainty is far more skewed than a lognormal.
  const factors = sources.map(({ factor, row }) =>
    row.distribution === "shifted_lognormal" ? { ...factor, lowest: 1 } : factor,
  );
  const exactFactor: Quantity = { mean: gramsPerWattHour, standardUncertainty: 0 };
  if (gramsPerWattHour > 0) {
    const result = analyticalTruncated({ energy, factors: [exactFactor, ...factors], ...addend, level });
    return { ...result, sampling: null };
  }
  // At a rate of 0 electricity causes exactly nothing, however uncertain its amount is: what is left is the hardware.
  const { energyMean, energyStandardDeviation, energyMassBelowZero } = analyticalTruncated({ energy, factors, level });
  const nothing: Quantity = { mean: 0, standardUncertainty: 0 };
  const result = analyticalTruncated({ energy: nothing, factors: [], ...addend, level });
  return { ...result, energyMean, energyStandardDeviation, energyMassBelowZero, sampling: null };
}

function operationalMean(energy: Quantity, { gramsPerWattHour, sources }: GramsModel): number {
  return sources.reduce((product, { factor }) => product * factor.mean, energy.mean * gramsPerWattHour);
}

/** Operation and hardware are independent, so their variances add; within each, see dividedVariance. */
function budgetOf(
  energy: ErrorInputs["energy"],
  truncatedEnergy: Quantity,
  { gramsPerWattHour, sources, embodied }: GramsModel,
): readonly BudgetRow[] {
  const factors = [truncatedEnergy, ...sources.map(({ factor }) => factor)];
  const product = productOfFactors([{ mean: gramsPerWattHour, standardUncertainty: 0 }, ...factors]);
  const [operationVariance, hardwareVariance] = [
    gramsPerWattHour === 0 ? 0 : product.standardUncertainty ** 2,
    (embodied.grams?.standardUncertainty ?? 0) ** 2,
  ];
  const total = operationVariance + hardwareVariance;
  const [operationPart, hardwarePart] = total === 0 ? [0, 0] : [operationVariance / total, hardwareVariance / total];
  const additive = additiveSources(energy, truncatedEnergy);
  const operation = [...additive, ...sources].map(({ row }) => row);
  const operationShares = dividedVariance(
    additive.map(({ row }) => termOf(row.sourceId, { ...row, mean: truncatedEnergy.mean })),
    sources.map(({ row, factor }) => termOf(row.sourceId, factor)),
  );
  const hardwareShares = dividedVariance(
    [],
    embodied.factors.map(({ sourceId, value }) => termOf(sourceId, value)),
  );
  return [
    ...operation.map((row, index) => ({ ...row, shareOfVariance: operationPart * (operationShares[index] ?? 0) })),
    ...embodied.factors.map((factor, index) => ({
      ...embodiedRow(factor),
      shareOfVariance: hardwarePart * (hardwareShares[index] ?? 0),
    })),
  ];
}

function termOf(sourceId: string, { mean, standardUncertainty }: Quantity): ErrorTerm {
  const relativeSquare = standardUncertainty === 0 ? 0 : (standardUncertainty / mean) ** 2;
  return { relativeSquare, isPrivate: isPrivateSource(sourceId) };
}

function componentsOf(budget: readonly BudgetRow[], standardUncertaintyGrams: number): ReadonlyMap<string, number> {
  const components = new Map<string, number>();
  for (const { sourceId, shareOfVariance } of budget) {
    if (shareOfVariance === 0 || isPrivateSource(sourceId)) continue;
    const component = standardUncertaintyGrams * Math.sqrt(shareOfVariance);
    components.set(sourceId, (components.get(sourceId) ?? 0) + component);
  }
  return components;
}

function privatePartOf(budget: readonly BudgetRow[], standardUncertaintyGrams: number): number {
  let share = 0;
  for (const { sourceId, shareOfVariance } of budget) if (isPrivateSource(sourceId)) share += shareOfVariance;
  return standardUncertaintyGrams * Math.sqrt(share);
}
