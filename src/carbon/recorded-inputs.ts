import type { TimeInterval } from "../intensity/intensity.ts";
import { type EmbodiedCarbon, type EmbodiedFigures, embodiedCarbon } from "./embodied.ts";
import type { EnergyAtTime } from "./energy-by-time.ts";
import type { EstimationInputs } from "./estimation.ts";
import type { Pue } from "./pue.ts";
import type { RecordedEstimate, RecordedInputs, RecordedPart, RecordedValue } from "./recorded-estimate.ts";
import type { GpuTaskEnergy, TaskEnergy } from "./task-energy.ts";
import type { WallFactor } from "./wall-factor.ts";

/** The inputs of an estimate as its record holds them; null for a record of a version that did not keep them. */
export function inputsOfRecord(record: RecordedEstimate): EstimationInputs | null {
  const { inputs, intensity, sampling, sci } = record;
  if (inputs === undefined) return null;
  const span = spanOf(inputs.looked_up);
  const unit = sci?.functional_unit ?? null;
  return {
    energy: energyOf(inputs),
    wallFactor: wallFactorOf(inputs.wall_factor),
    gpuWallFactor: wallFactorOf(inputs.gpu_wall_factor),
    pue: pueOf(inputs, record.datacenter_type),
    region: record.region,
    regionWasNamed: inputs.region_was_named,
    mapping: intensity.mapping,
    level: record.interval.level,
    missingPolicy: intensity.missing_policy ?? "step",
    sampling: sampling === undefined || sampling === null ? null : { seed: sampling.seed, trials: inputs.trials },
    embodied: embodiedOf(record, inputs),
    stated: record.start_ts === null || record.end_ts === null ? null : spanBetween(record.start_ts, record.end_ts),
    span,
    energyByTime: energyByTimeOf(inputs, span),
    functionalUnit: unit === null ? null : { unit, count: sci?.functional_unit_count ?? undefined },
  };
}

/** The times that intensities were asked for; null where nothing was known of them. */
export function spanOf(times: RecordedInputs["looked_up"]): TimeInterval | null {
  return times === null ? null : spanBetween(times.start_ts, times.end_ts);
}

function spanBetween(startTs: string, endTs: string): TimeInterval {
  return { startMs: Date.parse(startTs), endMs: Date.parse(endTs) };
}

function energyOf({ energy }: RecordedInputs): TaskEnergy {
  const { idle, boundary, host, gpu } = energy;
  return {
    ...partOf(energy),
    boundary,
    ...(idle === null
      ? {}
      : { idle: { standardUncertaintyWh: idle.standard_uncertainty_wh, sourceId: idle.source_id } }),
    ...(host === null ? {} : { host }),
    ...(gpu === null ? {} : { gpu: partOf(gpu) }),
  };
}

function partOf(part: RecordedPart): GpuTaskEnergy {
  return {
    meanWh: part.mean_wh,
    additiveWh: part.additive_wh,
    gainLnSigma: part.gain_ln_sigma,
    gainSourceId: part.gain_source_id,
    gainCitation: part.gain_citation,
    shareLnSigma: part.share_ln_sigma,
    provenance: part.provenance,
  };
}

function quantityOf({ mean, standard_uncertainty, source_id, scope, citation }: RecordedValue) {
  return { mean, standardUncertainty: standard_uncertainty, sourceId: source_id, scope, citation };
}

function wallFactorOf(factor: RecordedInputs["wall_factor"]): WallFactor {
  return { ...quantityOf(factor), origin: factor.origin };
}

function pueOf({ pue }: RecordedInputs, profile: string): Pue {
  const { origin, degrees_of_freedom: degreesOfFreedom } = pue;
  return { ...quantityOf(pue), profile, origin, ...(degreesOfFreedom === null ? {} : { degreesOfFreedom }) };
}

function embodiedOf({ embodied }: RecordedEstimate, inputs: RecordedInputs): EmbodiedCarbon {
  if (embodied === undefined) return embodiedCarbon(null, null);
  const [mass, lifetime] = inputs.embodied.map(({ quantity, unit, ...value }) => {
    const { mean, standardUncertainty, ...words } = quantityOf(value);
    return { ...words, quantity, unit, value: { mean, standardUncertainty } };
  });
  const { device, resource_share: resourceShare, reserved_seconds: reservedSeconds } = embodied;
  if (mass !== undefined && lifetime !== undefined) {
    return embodiedCarbon({ device, mass, lifetime, resourceShare }, reservedSeconds);
  }
  const figures: EmbodiedFigures = {
    status: embodied.status,
    grams: null,
    standardUncertaintyGrams: null,
    manufacturingKg: embodied.manufacturing_kg,
    lifetimeYears: embodied.lifetime_years,
    resourceShare,
    reservedSeconds,
    device,
    citation: embodied.citation,
    missing: embodied.missing,
  };
  return { figures, factors: [], grams: null };
}

function energyByTimeOf(
  { energy_by_time: parts }: RecordedInputs,
  span: TimeInterval | null,
): readonly EnergyAtTime[] | null {
  if (parts === null || span === null) return null;
  return parts.map(([fromMs, toMs, energyWh]) => ({
    startMs: span.startMs + fromMs,
    endMs: span.startMs + toMs,
    energyWh,
  }));
}
