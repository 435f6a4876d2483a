import { isoFromWallMs } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { ProviderAttempt, TimeInterval } from "../intensity/intensity.ts";
import { kilowattHoursFromWattHours } from "../units.ts";
import type { EffectiveIntensity } from "./effective-intensity.ts";
import type { EmbodiedCarbon } from "./embodied.ts";
import type { EnergyAtTime } from "./energy-by-time.ts";
import { energyUncertaintyWh, summedEnergy } from "./energy-parts.ts";
import { type CarbonEstimate, carbonEstimate, type QualityFlag } from "./estimate.ts";
import { recordedInputs } from "./estimate-inputs.ts";
import { type GramsInputs, gramsOf } from "./grams.ts";
import { notesOf } from "./notes.ts";
import { type FunctionalUnit, sciScore } from "./sci.ts";
import type { TaskEnergy } from "./task-energy.ts";
import { taxonomyOf } from "./taxonomy.ts";

/** Everything that an estimate is made of, except the intensities: the same again gives the same grams again. */
export interface EstimationInputs extends Omit<GramsInputs, "intensity" | "embodied"> {
  readonly region: string;
  /** Whether somebody named the region, or the world average stands in. */
  readonly regionWasNamed: boolean;
  /** The times that the user gave; null when there are none. */
  readonly stated: TimeInterval | null;
  /** The times to look up; null when nothing is known of them. */
  readonly span: TimeInterval | null;
  readonly energyByTime: readonly EnergyAtTime[] | null;
  readonly embodied: EmbodiedCarbon;
  readonly functionalUnit: FunctionalUnit | null;
}

export interface Intensities {
  readonly average: EffectiveIntensity | null;
  readonly marginal: EffectiveIntensity | null;
  readonly attempts: readonly ProviderAttempt[];
}

/** Version of the arithmetic in this folder: changes whenever equal inputs give other grams. */
const conversionVersion = "carbon-2";

/** Rejects nothing but a lack of any intensity: INTENSITY_NO_DATA. */
export function estimationOf(inputs: EstimationInputs, { average, marginal, attempts }: Intensities): CarbonEstimate {
  const { energy, stated, pue, embodied } = inputs;
  const main = average ?? marginal;
  if (main === null) throw noIntensity(inputs.region, attempts);
  const averageGrams = average === null ? null : gramsOf({ ...inputs, intensity: average });
  const marginalGrams = marginal === null ? null : gramsOf({ ...inputs, intensity: marginal });
  const grams = averageGrams ?? marginalGrams ?? gramsOf({ ...inputs, intensity: main });
  const { figures, energyWh, energyMassBelowZero, wallFactorMean } = grams;
  // Where only a marginal rate is known the main figures are marginal themselves, and stand there alone.
  const marginalFigures = averageGrams === null ? null : (marginalGrams?.figures ?? null);
  return carbonEstimate({
    ...figures,
    energyWh,
    energyKwh: kilowattHoursFromWattHours(energyWh),
    energyWhStated: summedEnergy(energy).mean,
    energyStandardUncertaintyWh: energyUncertaintyWh(energy),
    energyMassBelowZero,
    totalEnergyWithPueKwh: kilowattHoursFromWattHours(energyWh) * wallFactorMean * pue.mean,
    pueUsed: pue.mean,
    wallFactorUsed: wallFactorMean,
    datacenterType: pue.profile,
    region: inputs.region,
    source: main.series.source,
    qualityFlag: qualityOf(energy, main),
    coveragePct: main.series.isFallback ? 0 : 100 * main.coveredShare,
    startTs: stated === null ? null : isoFromWallMs(stated.startMs),
    endTs: stated === null ? null : isoFromWallMs(stated.endMs),
    conversionVersion,
    providerVersion: main.series.providerVersion,
    marginal: marginalFigures,
    embodied: embodied.figures,
    sci: sciScore(averageGrams?.figures ?? null, embodied.figures, inputs.functionalUnit),
    taxonomy: taxonomyOf(figures.operationalGrams, embodied.figures.grams),
    attempts,
    inputs: recordedInputs(inputs),
    notes: notesOf({
      ...inputs,
      energyMassBelowZero,
      intensity: main,
      figures,
      marginalFigures,
      embodied: embodied.figures,
    }),
  });
}

function noIntensity(region: string, attempts: readonly ProviderAttempt[]): CarbonOpsError {
  const reasons = attempts.flatMap(({ providerId, outcome, reason }) =>
    outcome === "failed" && reason !== null ? [`${providerId}: ${reason.replace(/\.$/, "")}`] : [],
  );
  const why = reasons.length === 0 ? "no provider has a value within the span" : reasons.join("; ");
  return new CarbonOpsError(
    "INTENSITY_NO_DATA",
    `There is no intensity of ${region} for this time, and an estimate is not made up (${why}); add the static provider, or ask for another time.`,
  );
}

/** The weakest input decides. */
function qualityOf(energy: TaskEnergy, { series, isEstimated, coveredShare }: EffectiveIntensity): QualityFlag {
  if (series.isFallback) return "fallback";
  const isModelled = [energy, energy.gpu].some((part) => part?.provenance === "estimated");
  // Energy that was dropped is measured in no gram: what is left stands for less than the task.
  return isEstimated || isModelled || coveredShare < 1 ? "estimated" : "measured";
}
