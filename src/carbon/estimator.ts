import { type Clock, isoFromWallMs, systemClock } from "../clock.ts";
import type { IntensityProvider, IntensityValue, TimeInterval } from "../intensity/intensity.ts";
import { type ResolvedRegion, resolveRegion, worldRegion } from "../intensity/regions.ts";
import { staticIntensity } from "../intensity/static-provider.ts";
import { defaultLevel } from "../uncertainty/analytical-truncated.ts";
import { kilowattHoursFromWattHours, wattHoursFromJoules } from "../units.ts";
import { checkedNumber, durationRange, invalidInput, powerRange, shown } from "./checked-number.ts";
import { type EnergyInput, taskEnergyOf } from "./energy-input.ts";
import { summedEnergy } from "./energy-parts.ts";
import { type CarbonEstimate, carbonEstimate, type QualityFlag } from "./estimate.ts";
import { gramsOf } from "./grams.ts";
import { notesOf } from "./notes.ts";
import { type Pue, resolvePue } from "./pue.ts";
import { intervalFrom, intervalOf, isAsLongAs, optionalIntervalOf, type Timestamp } from "./span-input.ts";
import type { StatedValue } from "./stated-value.ts";
import type { TaskEnergy } from "./task-energy.ts";
import { resolveGpuWallFactor, resolveWallFactor } from "./wall-factor.ts";

export { defaultLevel };

export interface CarbonEstimatorOptions {
  /** Country, grid zone or cloud region; without it the world average stands in, flagged as a fallback. */
  readonly region?: string | undefined;
  /** A profile ("cloud-hyperscale"), a number of at least 1 (exact), or a number with its standard uncertainty; at most 1e6. */
  readonly pue?: string | StatedValue | undefined;
  /** Joules at the plug per joule that CPU counters see; 1 to 1e6. Not applied to energy that is counted at the plug. */
  readonly wallFactor?: StatedValue | undefined;
  /** Probability that the interval holds, above 0 and at most 0.999999; default 0.95. */
  readonly level?: number | undefined;
  readonly clock?: Pick<Clock, "wallMs"> | undefined;
  /** Where intensities come from; default: the packaged annual values. */
  readonly intensityProvider?: IntensityProvider | undefined;
}

export interface SpanEnergy extends EnergyInput {
  readonly startTs: Timestamp;
  readonly endTs: Timestamp;
}

export interface EnergyWithTimes extends EnergyInput {
  readonly startTs?: Timestamp | undefined;
  readonly endTs?: Timestamp | undefined;
}

export interface PowerTime {
  /** Mean power in watts, 0 to 1e11. */
  readonly powerWatts: number;
  /** 0 to 1e10; with `startTs` and `endTs` it must be the time between them, to a second. */
  readonly durationSeconds: number;
  /** Standard deviation over mean of the power times the duration; without it, they are taken as exact. */
  readonly energyRelativeUncertainty?: number | undefined;
  readonly startTs?: Timestamp | undefined;
  readonly endTs?: Timestamp | undefined;
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
    const { region = worldRegion, level = defaultLevel, clock = systemClock } = options;
    this.#region = checkedRegion(region);
    this.#regionWasNamed = options.region !== undefined;
    this.#pue = resolvePue(options.pue, this.#region.cloud);
    this.#wallFactor = options.wallFactor;
    resolveWallFactor(options.wallFactor, null);
    this.#level = checkedLevel(level);
    this.#clock = clock;
    this.#provider = options.intensityProvider ?? staticIntensity(clock);
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
    const powerWatts = checkedNumber("powerWatts", input.powerWatts, powerRange);
    const durationSeconds = checkedNumber("durationSeconds", input.durationSeconds, durationRange);
    const stated = statedInterval(input, durationSeconds);
    const nowMs = this.#clock.wallMs();
    const assumed = stated ?? { startMs: nowMs - durationSeconds * 1000, endMs: nowMs };
    const energy = taskEnergyOf({
      energyWh: wattHoursFromJoules(powerWatts * durationSeconds),
      energyRelativeUncertainty: input.energyRelativeUncertainty,
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
  if (startTs !== undefined && endTs === undefined) return intervalFrom(startTs, durationSeconds);
  const interval = optionalIntervalOf(startTs, endTs);
  if (interval === null || isAsLongAs(interval, durationSeconds)) return interval;
  const spanSeconds = (interval.endMs - interval.startMs) / 1000;
  throw invalidInput(
    `durationSeconds is ${durationSeconds}, but startTs and endTs are ${spanSeconds} s apart; correct one of them or leave endTs out.`,
  );
}

/** The weakest input decides. */
function qualityOf(energy: TaskEnergy, average: IntensityValue): QualityFlag {
  if (average.isFallback) return "fallback";
  const isEstimated = [energy, energy.gpu].some((part) => part?.provenance === "estimated");
  return average.isEstimated || isEstimated ? "estimated" : "measured";
}

function checkedRegion(region: unknown): ResolvedRegion {
  if (typeof region === "string") return resolveRegion(region);
  throw invalidInput(`The region is ${shown(region)}, but must be a name such as "GB" or "aws:eu-west-1".`);
}

/** Beyond it the interval's ends lie where no input's distribution is known, and double precision runs out soon after. */
const maximumLevel = 0.999999;

function checkedLevel(level: unknown): number {
  if (typeof level === "number" && level > 0 && level <= maximumLevel) return level;
  throw invalidInput(`The level is ${shown(level)}, but must be a number above 0 and at most 0.999999, such as 0.95.`);
}
