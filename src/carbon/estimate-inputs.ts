import { isoFromWallMs } from "../clock.ts";
import type { EnergyBoundary, Provenance } from "../energy/source.ts";
import type { TimeInterval } from "../intensity/intensity.ts";
import type { EmbodiedFactor } from "./embodied.ts";
import type { EnergyAtTime } from "./energy-by-time.ts";
import type { Pue } from "./pue.ts";
import type { GpuTaskEnergy, TaskEnergy } from "./task-energy.ts";
import type { WallFactor } from "./wall-factor.ts";

/**
 * What an estimate was made of beside the intensities, as it is recorded: enough to make it again with newer intensities and
 * nothing else changed.
 */
export interface EstimateInputs {
  readonly energy: RecordedEnergy;
  /** The times that intensities were asked for, ISO 8601; null where nothing was known of them. */
  readonly lookedUp: { readonly startTs: string; readonly endTs: string } | null;
  /** When the energy was used; null where it is taken as even. At most 96 parts: finer ones are merged. */
  readonly energyByTime: readonly EnergyPart[] | null;
  readonly wallFactor: RecordedFactor<WallFactor["origin"]>;
  readonly gpuWallFactor: RecordedFactor<WallFactor["origin"]>;
  readonly pue: RecordedFactor<Pue["origin"]> & { readonly degreesOfFreedom: number | null };
  /** Mass of the hardware's making and its lifetime; empty where not declared. */
  readonly embodied: readonly RecordedEmbodied[];
  readonly regionWasNamed: boolean;
  /** Trials of monte_carlo that were asked for; null where as many were made as two digits took, and for the other method. */
  readonly trials: number | null;
}

/** Begin and end in milliseconds since the start of the span, and watt-hours, of which only the proportions count: short, since there may be many. */
type EnergyPart = readonly number[];

interface RecordedFactor<Origin> {
  readonly mean: number;
  readonly standardUncertainty: number;
  readonly sourceId: string;
  readonly scope: string;
  readonly citation: string;
  readonly origin: Origin;
}

interface RecordedEmbodied extends Omit<EmbodiedFactor, "value"> {
  readonly mean: number;
  readonly standardUncertainty: number;
}

interface RecordedPart {
  readonly meanWh: number;
  readonly additiveWh: number;
  readonly gainLnSigma: number;
  readonly gainSourceId: string;
  readonly gainCitation: string;
  readonly shareLnSigma: number;
  readonly provenance: Provenance;
}

interface RecordedEnergy extends RecordedPart {
  readonly idle: { readonly standardUncertaintyWh: number; readonly sourceId: string } | null;
  readonly boundary: EnergyBoundary | null;
  readonly host: string | null;
  readonly gpu: RecordedPart | null;
}

/** Of the inputs of an estimate, those that are recorded here; the others stand in the estimate itself. */
interface InputsToRecord {
  readonly energy: TaskEnergy;
  readonly span: TimeInterval | null;
  readonly energyByTime: readonly EnergyAtTime[] | null;
  readonly wallFactor: WallFactor;
  readonly gpuWallFactor: WallFactor;
  readonly pue: Pue;
  readonly embodied: { readonly factors: readonly EmbodiedFactor[] };
  readonly regionWasNamed: boolean;
  readonly sampling: { readonly trials: number | null } | null;
}

export function recordedInputs(inputs: InputsToRecord): EstimateInputs {
  const { span, wallFactor, gpuWallFactor, pue } = inputs;
  return {
    energy: recordedEnergy(inputs.energy),
    lookedUp: span === null ? null : { startTs: isoFromWallMs(span.startMs), endTs: isoFromWallMs(span.endMs) },
    energyByTime:
      span === null || inputs.energyByTime === null ? null : recordedParts(inputs.energyByTime, span.startMs),
    wallFactor: recordedFactor(wallFactor, wallFactor.origin),
    gpuWallFactor: recordedFactor(gpuWallFactor, gpuWallFactor.origin),
    pue: { ...recordedFactor(pue, pue.origin), degreesOfFreedom: pue.degreesOfFreedom ?? null },
    embodied: inputs.embodied.factors.map(({ value, ...words }) => ({ ...words, ...value })),
    regionWasNamed: inputs.regionWasNamed,
    trials: inputs.sampling?.trials ?? null,
  };
}

function recordedFactor<Origin>(factor: Omit<WallFactor, "origin">, origin: Origin): RecordedFactor<Origin> {
  const { mean, standardUncertainty, sourceId, scope, citation } = factor;
  return { mean, standardUncertainty, sourceId, scope, citation, origin };
}

function recordedPart(part: GpuTaskEnergy): RecordedPart {
  const { meanWh, additiveWh, gainLnSigma, gainSourceId, gainCitation, shareLnSigma, provenance } = part;
  return { meanWh, additiveWh, gainLnSigma, gainSourceId, gainCitation, shareLnSigma, provenance };
}

function recordedEnergy(energy: TaskEnergy): RecordedEnergy {
  const { idle, boundary, host, gpu } = energy;
  return {
    ...recordedPart(energy),
    idle: idle === undefined ? null : { standardUncertaintyWh: idle.standardUncertaintyWh, sourceId: idle.sourceId },
    boundary,
    host: host ?? null,
    gpu: gpu === undefined ? null : recordedPart(gpu),
  };
}

/** A day of quarter hours, as for the values of the intensity. */
const maximumParts = 96;

function recordedParts(parts: readonly EnergyAtTime[], spanStartMs: number): readonly EnergyPart[] {
  const groupSize = Math.ceil(parts.length / maximumParts);
  const groups: EnergyPart[] = [];
  for (let index = 0; index < parts.length; index += groupSize) {
    const group = parts.slice(index, index + groupSize);
    const fromMs = (group.at(0)?.startMs ?? spanStartMs) - spanStartMs;
    const toMs = (group.at(-1)?.endMs ?? spanStartMs) - spanStartMs;
    groups.push([fromMs, toMs, group.reduce((sum, { energyWh }) => sum + energyWh, 0)]);
  }
  return groups;
}
