import type { IntervalKind } from "../uncertainty/analytical-truncated.ts";
import type { Distribution } from "../uncertainty/distribution.ts";
import { lognormalFromMean } from "../uncertainty/lognormal.ts";
import { monteCarlo } from "../uncertainty/monte-carlo.ts";
import type { Quantity } from "../uncertainty/product.ts";
import type { RandomSource } from "../uncertainty/sample-columns.ts";
import { checkedNumber, invalidInput, shown } from "./checked-number.ts";
import { type EmbodiedCarbon, inverseOf } from "./embodied.ts";
import { privateSourceId, type RowWithoutShare } from "./error-sources.ts";
import type { EstimationMethod } from "./estimate.ts";
import type { GramsModel, SolvedGrams } from "./grams-model.ts";

/** How `monte_carlo` is to be run. */
export interface SamplingWanted {
  readonly seed: number;
  /** Null: as many as two digits of the standard uncertainty need. */
  readonly trials: number | null;
}

const defaultSeed = 1;

/** Two digits take 3.5e5 to 1.1e6 trials for models such as this one. */
const mostAdaptiveTrials = 2_000_000;

/** Null for the analytical method. Throws INPUT_INVALID for an unknown method, or trials and seed outside their range. */
export function checkedSampling(options: {
  readonly method?: EstimationMethod | undefined;
  readonly trials?: number | undefined;
  readonly seed?: number | undefined;
}): SamplingWanted | null {
  const { method = "analytical_truncated", trials, seed } = options;
  if (method === "analytical_truncated") {
    if (trials === undefined && seed === undefined) return null;
    throw invalidInput("trials and seed belong to the method monte_carlo; the analytical one draws no random numbers.");
  }
  if (method !== "monte_carlo") {
    throw invalidInput(`The method is ${shown(method)}, but must be "analytical_truncated" or "monte_carlo".`);
  }
  return {
    seed: checkedWhole("seed", seed ?? defaultSeed, 0, Number.MAX_SAFE_INTEGER),
    trials: trials === undefined ? null : checkedWhole("trials", trials, 1000, 10_000_000),
  };
}

function checkedWhole(name: string, value: number, minimum: number, maximum: number): number {
  const allowed = `a whole number from ${minimum} to ${maximum}`;
  const checked = checkedNumber(name, value, { minimum, maximum, allowed });
  if (Number.isInteger(checked)) return checked;
  throw invalidInput(`${name} is ${value}, but must be ${allowed}.`);
}

/**
 * The same model as the analytical method, solved by propagation of distributions (JCGM 101, clause 7): PUE as 1 + lognormal, every other
 * factor as a lognormal.
 */
export function sampledModel(model: GramsModel, wanted: SamplingWanted, intervalKind: IntervalKind): SolvedGrams {
  const { gramsPerWattHour, sources, embodied, level } = model;
  const hardware = hardwareOf(embodied);
  const factorCount = sources.length;
  const result = monteCarlo({
    sources: withDistinctIds([
      { id: privateSourceId, distribution: energyDistribution(model.energy) },
      ...sources.map(({ factor, row }) => ({
        id: row.sourceId,
        distribution: factorDistribution(factor, row.distribution),
      })),
      ...embodied.factors.map(({ sourceId, value }) => ({ id: sourceId, distribution: lognormalOf(value) })),
    ]),
    model: (draws) => {
      let grams = gramsPerWattHour;
      for (let index = 0; index <= factorCount; index += 1) grams *= draws[index] ?? 0;
      return grams + hardware(draws, factorCount + 1);
    },
    seed: wanted.seed,
    trials: wanted.trials ?? { digits: 2, maximumTrials: mostAdaptiveTrials },
    level,
    interval: intervalKind === "upper_limit" ? "upper_limit" : "symmetric",
  });
  const { mean, standardUncertainty, median, lower, upper, trials, seed, sampler, stable } = result;
  return {
    mean,
    standardUncertainty,
    median,
    lower,
    upper,
    intervalKind,
    sampling: { trials, seed, sampler, isStable: stable ?? true },
  };
}

function energyDistribution({ mean, standardUncertainty }: Quantity): Distribution {
  if (standardUncertainty === 0) return { kind: "exact", value: mean };
  return { kind: "truncated_normal", parentMean: mean, parentSigma: standardUncertainty };
}

function factorDistribution(factor: Quantity, kind: RowWithoutShare["distribution"]): Distribution {
  if (kind !== "shifted_lognormal") return lognormalOf(factor);
  const { lnMedian, lnSigma } = lognormalFromMean(factor.mean - 1, factor.standardUncertainty);
  return { kind, shift: 1, lnMedian, lnSigma };
}

function lognormalOf({ mean, standardUncertainty }: Quantity): Distribution {
  if (standardUncertainty === 0) return { kind: "exact", value: mean };
  return { kind: "lognormal", ...lognormalFromMean(mean, standardUncertainty) };
}

/** Mass over lifetime, times what is exact. */
function hardwareOf({ grams, factors }: EmbodiedCarbon): (draws: Float64Array, from: number) => number {
  const [mass, lifetime] = factors;
  if (grams === null || mass === undefined || lifetime === undefined) return () => 0;
  const exact = grams.mean / (mass.value.mean * inverseOf(lifetime.value).mean);
  return (draws, from) => (exact * (draws[from] ?? 0)) / (draws[from + 1] ?? 1);
}

/** Two rows of one id are taken as independent, as the analytical method does, and so as two sources. */
function withDistinctIds(sources: readonly RandomSource[]): readonly RandomSource[] {
  const seen = new Map<string, number>();
  return sources.map(({ id, ...source }) => {
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    return { ...source, id: count === 1 ? id : `${id}#${count}` };
  });
}
