import { formatEnergyWh, formatGrams, formatRatioAsPercent, formatSignificant } from "../units.ts";
import type { EffectiveIntensity } from "./effective-intensity.ts";
import type { EmbodiedFigures } from "./embodied.ts";
import type { GramsFigures } from "./estimate.ts";
import type { Pue } from "./pue.ts";
import type { TaskEnergy } from "./task-energy.ts";
import type { WallFactor } from "./wall-factor.ts";

interface NotedEstimate {
  readonly energy: TaskEnergy;
  readonly energyMassBelowZero: number;
  readonly wallFactor: WallFactor;
  readonly gpuWallFactor: WallFactor;
  readonly pue: Pue;
  readonly regionWasNamed: boolean;
  /** The intensity of the main figures: the average where one is known. */
  readonly intensity: EffectiveIntensity;
  readonly figures: GramsFigures;
  readonly marginalFigures: GramsFigures | null;
  readonly embodied: EmbodiedFigures;
}

/** Below this, what the truncation at 0 removed does not show in any printed digit. */
const notableMassBelowZero = 0.001;

/** What a reader should know about an estimate, one sentence each. */
export function notesOf(estimate: NotedEstimate): readonly string[] {
  return [
    energyNote(estimate.energy),
    gpuNote(estimate),
    differenceNote(estimate),
    wallFactorNote(estimate.wallFactor),
    pueNote(estimate.pue),
    placeNote(estimate),
    intensityNote(estimate.intensity),
    gapNote(estimate.figures),
    marginalNote(estimate),
    embodiedNote(estimate.embodied),
  ].filter((note) => note !== null);
}

function energyNote({ provenance, gainLnSigma, additiveWh, idle, shareLnSigma }: TaskEnergy): string | null {
  if (provenance === "estimated") return "The energy was computed by a model, not measured.";
  const isExact =
    gainLnSigma === 0 && additiveWh === 0 && shareLnSigma === 0 && (idle?.standardUncertaintyWh ?? 0) === 0;
  return isExact ? "The energy was taken as exact: no uncertainty was given with it." : null;
}

function gpuNote({ energy, gpuWallFactor }: NotedEstimate): string | null {
  if (energy.gpu === undefined) return null;
  const factor = `${gpuWallFactor.origin === "stated" ? "the stated" : "an assumed"} wall factor of ${formatSignificant(gpuWallFactor.mean)}`;
  const how = energy.gpu.provenance === "estimated" ? ", summed up from sampled watts" : "";
  return `${formatEnergyWh(energy.gpu.meanWh)} of the energy is the task's part of GPUs${how}, with ${factor}.`;
}

function differenceNote({ energyMassBelowZero, figures }: NotedEstimate): string | null {
  if (energyMassBelowZero < notableMassBelowZero) return null;
  const part = formatRatioAsPercent(energyMassBelowZero);
  const limit = figures.interval.kind === "upper_limit" ? ", and only an upper limit can be stated" : "";
  return `The energy is a difference whose uncertainty reaches below zero: that part (${part}) was excluded${limit}.`;
}

function wallFactorNote({ origin, mean }: WallFactor): string | null {
  switch (origin) {
    case "plug":
      return null;
    case "unnecessary":
      return "The stated wall factor was not applied: this energy is counted at the plug already.";
    case "unknown_boundary":
      return "The energy was taken as counted at the plug: state a wall factor if it was read from CPU counters.";
    case "stated":
      return `The stated wall factor of ${formatSignificant(mean)} was applied.`;
    case "assumed":
      return `A wall factor of ${formatSignificant(mean)} was assumed for regulators and power supply: state your own if you know it.`;
  }
}

function pueNote({ origin, profile, mean, standardUncertainty }: Pue): string | null {
  const value = `${formatSignificant(mean)} +- ${formatSignificant(standardUncertainty)}`;
  switch (origin) {
    case "site":
      return null;
    case "stated":
      return standardUncertainty === 0 ? "The PUE was taken as exact: no uncertainty was stated with it." : null;
    case "profile":
      return `The PUE is that of the profile ${profile}: ${value}.`;
    case "assumed":
      return `No PUE was given: ${value} was assumed, which holds a desk (1.0) and a data centre (1.5).`;
  }
}

function placeNote({ regionWasNamed, intensity }: NotedEstimate): string | null {
  if (!regionWasNamed) return "No region was given: the world average stands in, uncertain by a factor of 2.";
  const isWide = intensity.sharedErrors.some(({ name }) => name === "space");
  return isWide
    ? `${intensity.series.zoneName} holds grids that differ: name the grid zone or cloud region to narrow the interval.`
    : null;
}

function intensityNote({ series, sharedErrors, isEstimated }: EffectiveIntensity): string | null {
  const { kind, year, isProvisional, period = String(year) } = series;
  if (year !== null) {
    const annual = `The intensity is the annual ${kind === "average" ? "average" : "marginal rate"} of ${period}`;
    const hoursDiffer = sharedErrors.some(({ name }) => name === "time");
    return hoursDiffer
      ? `${annual}: the hours of the span differ from it, and the interval includes by how much.`
      : `${annual}.`;
  }
  if (isProvisional) return "The intensity may still be revised by its publisher: a settlement asks for it again.";
  return isEstimated
    ? "A part of the intensity was estimated by its provider, and the interval includes how well."
    : null;
}

function gapNote({
  intensity,
  intensity: { coveragePct, droppedEnergyWh, missingPolicy },
}: GramsFigures): string | null {
  if (!(coveragePct < 100)) return null;
  const missing = formatRatioAsPercent(1 - coveragePct / 100);
  if (missingPolicy === "drop") {
    return `${formatEnergyWh(droppedEnergyWh)} (${missing} of the energy) are in no gram: ${intensity.providerId} has no value for their time.`;
  }
  return `For ${missing} of the energy ${intensity.providerId} has no value of its time: a value from before stands in, flagged as estimated.`;
}

function marginalNote({ figures, marginalFigures }: NotedEstimate): string {
  if (figures.intensity.kind === "marginal") {
    return "No average intensity is known: these figures are marginal, what one more kilowatt-hour causes, and belong in no inventory.";
  }
  if (marginalFigures === null) {
    return "No marginal intensity is known for this zone: the figure is an average, not what one more kilowatt-hour causes.";
  }
  const grams = formatGrams(marginalFigures.grams);
  const { scope } = marginalFigures.intensity;
  return `A marginal figure would be ${grams} (${scope} CO2, ${formatSignificant(marginalFigures.intensityGPerKwh)} g/kWh): another quantity, never to be added to the average.`;
}

function embodiedNote({ status, missing, grams }: EmbodiedFigures): string {
  if (status === "declared")
    return `${formatGrams(grams ?? 0)} of the grams are the hardware's part, by time and share.`;
  return `Embodied carbon is not declared, which is not 0; unknown: ${missing}.`;
}
