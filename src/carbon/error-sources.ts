import type { IntensityError, IntensityValue } from "../intensity/intensity.ts";
import { lnSigmaFromRelative, relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import type { Quantity } from "../uncertainty/product.ts";
import { energyParts } from "./energy-parts.ts";
import type { BudgetRow } from "./estimate.ts";
import type { Pue } from "./pue.ts";
import type { TaskEnergy } from "./task-energy.ts";
import type { WallFactor } from "./wall-factor.ts";

/** grams = energy x gain x share x wall factor x PUE x intensity: what each of them is, and its error. */
export interface ErrorInputs {
  readonly energy: TaskEnergy;
  readonly wallFactor: WallFactor;
  /** Of the GPUs' part; without effect where there is none. */
  readonly gpuWallFactor: WallFactor;
  readonly pue: Pue;
  readonly intensity: IntensityValue;
}

/** The error of this one task's energy, which no other estimate shares. */
export const privateSourceId = "energy.additive";

export type RowWithoutShare = Omit<BudgetRow, "shareOfVariance">;

interface MultiplicativeSource {
  readonly factor: Quantity;
  readonly row: RowWithoutShare;
}

export function energyRow({ mean, standardUncertainty }: Quantity): RowWithoutShare {
  return {
    sourceId: privateSourceId,
    quantity: "energy, what does not scale with it",
    estimate: mean,
    unit: "Wh",
    distribution: standardUncertainty > 0 ? "truncated_normal" : "exact",
    lnSigma: null,
    standardUncertainty,
    scope: "this task alone",
    citation: standardUncertainty > 0 ? "resolution of CPU clocks and idle baseline, in quadrature" : "taken as exact",
  };
}

/** In the order of the budget. Everything multiplies the energy; what is exact has a row too, so that a reader sees it. */
export function multiplicativeSources(inputs: ErrorInputs): MultiplicativeSource[] {
  const { energy, wallFactor, pue, intensity } = inputs;
  const { hostShare, factor } = energyParts(energy, wallFactor.mean, inputs.gpuWallFactor.mean);
  return [
    ...gainSources("energy, gain of its source", energy).map((source) => ofPart(source, hostShare)),
    ...shareSources(cpuShareWords, energy).map((source) => ofPart(source, hostShare)),
    ofPart(constantSource("wall factor", wallFactor, "lognormal"), hostShare, factor),
    ...gpuSources(inputs),
    constantSource("PUE", pue, "shifted_lognormal"),
    ...intensity.errors.map((error) => intensitySource(error, intensity.gramsPerKwh)),
  ];
}

/** The errors of the GPUs' part, each by that part's share of the energy at the plug. */
function gpuSources({ energy, wallFactor, gpuWallFactor }: ErrorInputs): MultiplicativeSource[] {
  if (energy.gpu === undefined) return [];
  const { gpuShare } = energyParts(energy, wallFactor.mean, gpuWallFactor.mean);
  return [
    ...gainSources("GPU energy, gain of its sensor", energy.gpu),
    ...shareSources(gpuShareWords, energy.gpu),
    constantSource("wall factor of the GPU", gpuWallFactor, "lognormal"),
  ].map((source) => ofPart(source, gpuShare));
}

/** An error of a part as an error of the sum; its row keeps the part's own figures. `mean` is the factor that stays in the product. */
function ofPart({ factor, row }: MultiplicativeSource, share: number, mean = 1): MultiplicativeSource {
  if (share === 1 && factor.mean === mean) return { factor, row };
  return { factor: { mean, standardUncertainty: (mean * share * factor.standardUncertainty) / factor.mean }, row };
}

type Gain = Pick<TaskEnergy, "gainLnSigma" | "gainSourceId" | "gainCitation">;

function gainSources(quantity: string, { gainLnSigma, gainSourceId, gainCitation }: Gain): MultiplicativeSource[] {
  if (gainLnSigma === 0) return [];
  const source = {
    sourceId: gainSourceId,
    quantity,
    scope: "everything read from this source",
    citation: gainCitation,
  };
  return [unitSource(source, relativeFromLnSigma(gainLnSigma), 1, "1")];
}

const cpuShareWords: SourceWords = {
  sourceId: "attribution.cpu_time_share",
  quantity: "task's share of the energy",
  scope: "every run of the same task",
  citation:
    "a CPU second does not draw the same for every process: 0.12 times the share of others (METRION, arXiv 2512.06806)",
};

const gpuShareWords: SourceWords = {
  sourceId: "attribution.gpu_sm_time_share",
  quantity: "task's share of the GPU",
  scope: "every run of the same task",
  citation:
    "judgement: a second of a GPU's processors does not draw the same for every process: 0.2 times the share of others",
};

function shareSources(words: SourceWords, { shareLnSigma }: Pick<TaskEnergy, "shareLnSigma">): MultiplicativeSource[] {
  return shareLnSigma === 0 ? [] : [unitSource(words, relativeFromLnSigma(shareLnSigma), 1, "1")];
}

const intensityQuantities: Readonly<Record<IntensityError["name"], string>> = {
  source: "grid intensity, method of its publisher",
  time: "grid intensity, hours of the span against the year",
  age: "grid intensity, age of the value",
  space: "grid intensity, place inside the area",
};

function intensitySource(error: IntensityError, gramsPerKwh: number): MultiplicativeSource {
  const source = { ...error, quantity: intensityQuantities[error.name] };
  return unitSource(source, error.relativeUncertainty, gramsPerKwh, "g/kWh");
}

interface SourceWords {
  readonly sourceId: string;
  readonly quantity: string;
  readonly scope: string;
  readonly citation: string;
}

/** A lognormal error with mean 1 of something whose own value enters the product elsewhere. */
function unitSource(words: SourceWords, relative: number, estimate: number, unit: string): MultiplicativeSource {
  const { sourceId, quantity, scope, citation } = words;
  return {
    factor: { mean: 1, standardUncertainty: relative },
    row: {
      sourceId,
      quantity,
      estimate,
      unit,
      distribution: "lognormal",
      lnSigma: lnSigmaFromRelative(relative),
      standardUncertainty: relative * estimate,
      scope,
      citation,
    },
  };
}

function constantSource(
  quantity: string,
  factor: Quantity & Omit<SourceWords, "quantity">,
  distribution: "lognormal" | "shifted_lognormal",
): MultiplicativeSource {
  const { mean, standardUncertainty, sourceId, scope, citation } = factor;
  const isExact = standardUncertainty === 0;
  return {
    factor: { mean, standardUncertainty },
    row: {
      sourceId,
      quantity,
      estimate: mean,
      unit: "1",
      distribution: isExact ? "exact" : distribution,
      lnSigma: isExact ? null : lnSigmaOf(distribution, mean, standardUncertainty),
      standardUncertainty,
      scope,
      citation,
    },
  };
}

function lnSigmaOf(distribution: "lognormal" | "shifted_lognormal", mean: number, standardUncertainty: number): number {
  return lnSigmaFromRelative(standardUncertainty / (distribution === "lognormal" ? mean : mean - 1));
}
