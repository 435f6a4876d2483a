import type { IntensityError } from "../intensity/intensity.ts";
import { lnSigmaFromRelative, relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import type { Quantity } from "../uncertainty/product.ts";
import type { EffectiveIntensity } from "./effective-intensity.ts";
import { type EmbodiedFactor, lnSigmaOfFactor } from "./embodied.ts";
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
  readonly intensity: EffectiveIntensity;
}

/** The error of this one task's energy, which no other estimate shares. */
export const privateSourceId = "energy.additive";

/** An uncertainty that was stated with an energy, without a word on what it is shared with. */
export const statedGainSourceId = "energy.gain/stated";

/** Errors of one estimate alone; every other source may be shared with other estimates. */
export function isPrivateSource(sourceId: string): boolean {
  return sourceId === privateSourceId || sourceId === statedGainSourceId;
}

export type RowWithoutShare = Omit<BudgetRow, "shareOfVariance">;

/** A factor of the product with its row of the budget. */
export interface MultiplicativeSource {
  readonly factor: Quantity;
  readonly row: RowWithoutShare;
}

/** An error in watt-hours that is added to the energy: its row says what is left of it after truncation at 0. */
export interface AdditiveSource {
  readonly row: RowWithoutShare;
}

/**
 * What does not scale with the energy: the task's own error, and that of the idle baseline. Both are parts of the one normal that
 * is truncated at 0, so the standard deviation that is left is theirs in proportion to their squares.
 */
export function additiveSources(
  energy: TaskEnergy,
  { mean, standardUncertainty }: Quantity,
): readonly AdditiveSource[] {
  const { additiveWh, idle, gpu } = energy;
  const ownWh = Math.hypot(additiveWh, gpu?.additiveWh ?? 0);
  const idleWh = idle?.standardUncertaintyWh ?? 0;
  const parentWh = Math.hypot(ownWh, idleWh);
  const partOf = (wattHours: number): number => (parentWh === 0 ? 0 : (standardUncertainty * wattHours) / parentWh);
  const common = { estimate: mean, unit: "Wh", type: "B", degreesOfFreedom: null, lnSigma: null } as const;
  const own: AdditiveSource = {
    row: {
      ...common,
      sourceId: privateSourceId,
      quantity: "energy, what does not scale with it",
      distribution: ownWh > 0 ? "truncated_normal" : "exact",
      standardUncertainty: partOf(ownWh),
      scope: "this task alone",
      citation: ownWh === 0 ? exactCitation(energy) : ownCitation(idle !== undefined),
    },
  };
  if (idle === undefined || idleWh === 0) return [own];
  const baseline: AdditiveSource = {
    row: {
      ...common,
      sourceId: idle.sourceId,
      quantity: "energy, idle baseline that was subtracted",
      distribution: "truncated_normal",
      standardUncertainty: partOf(idleWh),
      scope: "everything measured with this idle baseline",
      citation: "scatter of its calibration, and 5 % of drift (judgement)",
    },
  };
  return [own, baseline];
}

function exactCitation({ idle, ...energy }: TaskEnergy): string {
  const scaling = [energy, energy.gpu].some(
    (part) => part !== undefined && Math.max(part.gainLnSigma, part.shareLnSigma) > 0,
  );
  if (scaling) return "none: the energy's error scales with it, and has rows of its own";
  return (idle?.standardUncertaintyWh ?? 0) > 0 ? "none beside the idle baseline's" : "taken as exact";
}

function ownCitation(idleHasItsOwn: boolean): string {
  return idleHasItsOwn ? "resolution of CPU clocks" : "resolution of CPU clocks and idle baseline, in quadrature";
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
    ...intensity.sharedErrors.map((error) => intensitySource(error, intensity.gramsPerKwh)),
    ...hourSources(intensity),
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
  const isPrivate = isPrivateSource(gainSourceId);
  const source = {
    sourceId: gainSourceId,
    quantity: isPrivate ? "energy, its stated uncertainty" : quantity,
    scope: isPrivate
      ? "this estimate alone: nobody said what else was read with it"
      : "everything read from this source",
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

export const intensityQuantities: Readonly<Record<IntensityError["name"], string>> = {
  source: "grid intensity, method of its publisher",
  time: "grid intensity, hours of the span against the year",
  age: "grid intensity, age of the value",
  space: "grid intensity, place inside the area",
};

function intensitySource(error: IntensityError, gramsPerKwh: number): MultiplicativeSource {
  const source = { ...error, quantity: intensityQuantities[error.name] };
  return unitSource(source, error.relativeUncertainty, gramsPerKwh, "g/kWh");
}

function hourSources({ hourError, gramsPerKwh, series }: EffectiveIntensity): MultiplicativeSource[] {
  if (hourError === null) return [];
  const words = {
    sourceId: hourError.sourceId,
    quantity: "grid intensity, the periods' own errors",
    scope: `the zone's grid in these hours; neighbours are correlated by ${series.autocorrelationPerHour} an hour`,
    citation: `each period's own error by what its provider says of it, summed over ${hourError.bucketCount} buckets`,
  };
  return [unitSource(words, hourError.relativeUncertainty, gramsPerKwh, "g/kWh")];
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
      type: "B",
      degreesOfFreedom: null,
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
  factor: Quantity & Omit<SourceWords, "quantity"> & { readonly degreesOfFreedom?: number },
  distribution: "lognormal" | "shifted_lognormal",
): MultiplicativeSource {
  const { mean, standardUncertainty, sourceId, scope, citation, degreesOfFreedom } = factor;
  const isExact = standardUncertainty === 0;
  return {
    factor: { mean, standardUncertainty },
    row: {
      sourceId,
      quantity,
      estimate: mean,
      unit: "1",
      type: degreesOfFreedom === undefined ? "B" : "A",
      degreesOfFreedom: degreesOfFreedom ?? null,
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

/** Row of one input of the embodied part, which is added to the product. */
export function embodiedRow(factor: EmbodiedFactor): RowWithoutShare {
  const { sourceId, quantity, value, unit, scope, citation } = factor;
  const isExact = value.standardUncertainty === 0;
  return {
    sourceId,
    quantity,
    estimate: value.mean,
    unit,
    type: "B",
    degreesOfFreedom: null,
    distribution: isExact ? "exact" : "lognormal",
    lnSigma: isExact ? null : lnSigmaOfFactor(factor),
    standardUncertainty: value.standardUncertainty,
    scope,
    citation,
  };
}
