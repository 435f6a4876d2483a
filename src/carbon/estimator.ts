import { type Clock, isoFromWallMs, systemClock } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { IntensityProvider, IntensityValue, TimeInterval } from "../intensity/intensity.ts";
import { type ResolvedRegion, resolveRegion, worldRegion } from "../intensity/regions.ts";
import { staticIntensity } from "../intensity/static-provider.ts";
import { kilowattHoursFromWattHours, wattHoursFromJoules } from "../units.ts";
import { type EnergyInput, taskEnergyOf } from "./energy-input.ts";
import { summedEnergy } from "./energy-parts.ts";
import { type CarbonEstimate, carbonEstimate, type QualityFlag } from "./estimate.ts";
import { gramsOf } from "./grams.ts";
import { notesOf } from "./notes.ts";
import { type Pue, resolvePue } from "./pue.ts";
import { intervalOf, millisecondsOf, optionalIntervalOf, type Timestamp } from "./span-input.ts";
import type { StatedValue } from "./stated-value.ts";
import type { TaskEnergy } from "./task-energy.ts";
import { resolveGpuWallFactor, resolveWallFactor } from "./wall-factor.ts";

export interface CarbonEstimatorOptions {
  /** Country, grid zone or cloud region; without it the world average stands in, flagged as a fallback. */
  readonly region?: string | undefined;
  /** A profile ("cloud-hyperscale"), a number of at least 1 (exact), or a number with its standard uncertainty. */
  readonly pue?: string | StatedValue | undefined;
  /** Joules at the plug per joule that CPU counters see; at least 1. Not applied to energy that is counted at the plug. */
  readonly wallFactor?: StatedValue | undefined;
  /** Probability that the interval holds, between 0 and 1; default 0.95. */
  readonly level?: number | undefined;
  readonly clock?: Pick<Clock, "wallMs">;
  /** Where intensities come from; default: the packaged annual values. */
  readonly intensityProvider?: IntensityProvider;
}

export interface SpanEnergy extends EnergyInput {
  readonly startTs: Timestamp;
  readonly endTs: Timestamp;
}

export interface EnergyWithTimes extends EnergyInput {
  readonly startTs?: Timestamp;
  readonly endTs?: Timestamp;
}

export interface PowerTime {
  /** Mean power in watts, 0 or more. */
  readonly powerWatts: number;
  /** 0 or more. */
  readonly durationSeconds: number;
  /** Standard deviation over mean of the power times the duration; without it, they are taken as exact. */
  readonly energyRelativeUncertainty?: number;
  readonly startTs?: Timestamp;
  readonly endTs?: Timestamp;
}

/** Version of the arithmetic in this folder: changes whenever equal inputs give other grams. */
const conversionVersion = "analytical_truncated-1";

/**
 * Grams of CO2e of an energy. The constructor throws REGION_UNKNOWN and INPUT_INVALID at once, so that a wrong setting does
 * not wait for the first estimate; every method rejects with INPUT_INVALID for numbers and times outside their range.
 */
export class CarbonEstimator {
  readonly #region: ResolvedRegion;
  readonly #regionWasNamed: boolean;
  readonly #pue: Pue;
  readonly #wallFactor: StatedValue | undefined;
  readonly #level: number;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #provider: IntensityProvider;

  constructor(options: CarbonEstimatorOptions = {}) {
    this.#region = resolveRegion(options.region ?? worldRegion);
    this.#regionWasNamed = options.region !== undefined;
    this.#pue = resolvePue(options.pue, this.#region.cloud);
    this.#wallFactor = options.wallFactor;
    resolveWallFactor(options.wallFactor, null);
    this.#level = checkedLevel(options.level ?? 0.95);
    this.#clock = options.clock ?? systemClock;
    this.#provider = options.intensityProvider ?? staticIntensity(this.#clock);
  }

  /** The energy of a span whose times are known. */
  async estimateOverSpan(span: SpanEnergy): Promise<CarbonEstimate> {
    const interval = intervalOf(span.startTs, span.endTs);
    return this.#estimate(taskEnergyOf(span), interval, interval);
  }

  /** An energy; without times, nothing is known of the hours, and the interval is as wide as for a single hour of today. */
  async estimateFromEnergy(input: EnergyWithTimes): Promise<CarbonEstimate> {
    const interval = optionalIntervalOf(input.startTs, input.endTs);
    return this.#estimate(taskEnergyOf(input), interval, interval);
  }

  /** A power over a time. Without times the span is taken to end now; with `startTs` alone its end follows. */
  async estimateFromPowerTime(input: PowerTime): Promise<CarbonEstimate> {
    const powerWatts = nonNegative("powerWatts", input.powerWatts);
    const durationSeconds = nonNegative("durationSeconds", input.durationSeconds);
    const stated = statedInterval(input, durationSeconds);
    const nowMs = this.#clock.wallMs();
    const assumed = stated ?? { startMs: nowMs - durationSeconds * 1000, endMs: nowMs };
    const energy = taskEnergyOf({
      energyWh: wattHoursFromJoules(powerWatts * durationSeconds),
      energyRelativeUncertainty: input.energyRelativeUncertainty ?? 0,
    });
    return this.#estimate(energy, stated, assumed);
  }

  async #estimate(
    energy: TaskEnergy,
    stated: TimeInterval | null,
    interval: TimeInterval | null,
  ): Promise<CarbonEstimate> {
    const region = this.#region;
    const pue = this.#pue;
    const wallFactor = resolveWallFactor(this.#wallFactor, energy.boundary);
    const { average, marginal } = await this.#provider.intensityFor(interval, region.zone);
    const gpuWallFactor = resolveGpuWallFactor(this.#wallFactor);
    const inputs = { energy, wallFactor, gpuWallFactor, pue, mapping: region.mapping, level: this.#level };
    const { figures, energyWh, energyMassBelowZero, wallFactorMean } = gramsOf({ ...inputs, intensity: average });
    const marginalFigures = marginal === null ? null : gramsOf({ ...inputs, intensity: marginal }).figures;
    return carbonEstimate({
      ...figures,
      energyWh,
      energyKwh: kilowattHoursFromWattHours(energyWh),
      energyWhStated: summedEnergy(energy).mean,
      energyMassBelowZero,
      totalEnergyWithPueKwh: kilowattHoursFromWattHours(energyWh) * wallFactorMean * pue.mean,
      pueUsed: pue.mean,
      wallFactorUsed: wallFactorMean,
      datacenterType: pue.profile,
      region: region.region,
      source: average.source,
      qualityFlag: qualityOf(energy, average),
      coveragePct: average.isFallback ? 0 : 100,
      startTs: stated === null ? null : isoFromWallMs(stated.startMs),
      endTs: stated === null ? null : isoFromWallMs(stated.endMs),
      conversionVersion,
      providerVersion: average.providerVersion,
      marginal: marginalFigures,
      notes: notesOf({
        ...inputs,
        energyMassBelowZero,
        regionWasNamed: this.#regionWasNamed,
        average,
        averageFigures: figures,
        marginalFigures,
      }),
    });
  }
}

function statedInterval({ startTs, endTs }: PowerTime, durationSeconds: number): TimeInterval | null {
  if (startTs === undefined || endTs !== undefined) return optionalIntervalOf(startTs, endTs);
  const startMs = millisecondsOf("startTs", startTs);
  return intervalOf(startMs, startMs + durationSeconds * 1000);
}

/** The weakest input decides. */
function qualityOf(energy: TaskEnergy, average: IntensityValue): QualityFlag {
  if (average.isFallback) return "fallback";
  const isEstimated = [energy, energy.gpu].some((part) => part?.provenance === "estimated");
  return average.isEstimated || isEstimated ? "estimated" : "measured";
}

function checkedLevel(level: number): number {
  if (level > 0 && level < 1) return level;
  throw new CarbonOpsError(
    "INPUT_INVALID",
    `The level is ${level}, but must be a number between 0 and 1, such as 0.95.`,
  );
}

function nonNegative(name: string, value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new CarbonOpsError("INPUT_INVALID", `${name} is ${value}, but must be a finite number, 0 or more.`);
}
