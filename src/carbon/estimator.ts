import { type Clock, systemClock } from "../clock.ts";
import { intensityChain } from "../intensity/chain.ts";
import type { IntensityAnswer, IntensityLookup, IntensityProvider, TimeInterval } from "../intensity/intensity.ts";
import { type ResolvedRegion, resolveRegion, worldRegion } from "../intensity/regions.ts";
import { staticIntensity } from "../intensity/static-provider.ts";
import { defaultLevel } from "../uncertainty/analytical-truncated.ts";
import { wattHoursFromJoules } from "../units.ts";
import type { MissingPolicy } from "./buckets.ts";
import { checkedNumber, durationRange, invalidInput, powerRange, shown } from "./checked-number.ts";
import { type EffectiveIntensity, effectiveIntensity, lookedUp } from "./effective-intensity.ts";
import { checkedEmbodied, type EmbodiedDeclaration, type EmbodiedInput, embodiedCarbon } from "./embodied.ts";
import { checkedEnergyByTime, type EnergyAtTime } from "./energy-by-time.ts";
import { type EnergyInput, taskEnergyOf } from "./energy-input.ts";
import type { CarbonEstimate, EstimationMethod } from "./estimate.ts";
import { type EstimationInputs, estimationOf, type Intensities } from "./estimation.ts";
import { type Pue, resolvePue } from "./pue.ts";
import { checkedSampling, type SamplingWanted } from "./sampled-model.ts";
import { checkedCount, checkedFunctionalUnit, type FunctionalUnit } from "./sci.ts";
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
  /** Where intensities come from: providers, asked in their order, or a lookup of your own; default: the packaged annual values. */
  readonly intensity?: IntensityLookup | { readonly providers: readonly IntensityProvider[] } | undefined;
  /** What happens to energy of a time without an intensity: see MissingPolicy; default "step". */
  readonly missingPolicy?: MissingPolicy | undefined;
  /** Default "analytical_truncated". */
  readonly method?: EstimationMethod | undefined;
  /** Of `monte_carlo`: 1000 to 1e7; without it, as many as make two digits of the uncertainty stable, at most 2e6. */
  readonly trials?: number | undefined;
  /** Of `monte_carlo`: a whole number from 0 to 2^53 - 1; default 1. Same inputs and seed, same figures. */
  readonly seed?: number | undefined;
  /** The hardware that the energy was used by; without it, embodied carbon is "not declared". */
  readonly embodied?: EmbodiedInput | undefined;
  /** What a Software Carbon Intensity is per. */
  readonly functionalUnit?: FunctionalUnit | undefined;
}

/** What may be said with any estimate. */
interface OfOneEstimate {
  /** How many functional units this energy served, above 0; it stands for the count of the estimator's functional unit. */
  readonly functionalUnitCount?: number | undefined;
}

export interface SpanEnergy extends EnergyInput, OfOneEstimate {
  readonly startTs: Timestamp;
  readonly endTs: Timestamp;
  /** When the energy was used, where that is known: without it, evenly over the span. Disjoint parts of the span. */
  readonly energyByTime?: readonly EnergyAtTime[] | undefined;
}

export interface EnergyWithTimes extends EnergyInput, OfOneEstimate {
  readonly startTs?: Timestamp | undefined;
  readonly endTs?: Timestamp | undefined;
  /** Time for which the hardware of `embodied` was reserved: above 0 and at most 1e10; default: from `startTs` to `endTs`. */
  readonly reservedSeconds?: number | undefined;
}

export interface PowerTime extends OfOneEstimate {
  /** Mean power in watts, 0 to 1e11. */
  readonly powerWatts: number;
  /** Above 0 and at most 1e10; with `startTs` and `endTs` it must be the time between them, to a second. */
  readonly durationSeconds: number;
  /** Standard deviation over mean of the power times the duration; without it, they are taken as exact. */
  readonly energyRelativeUncertainty?: number | undefined;
  readonly startTs?: Timestamp | undefined;
  readonly endTs?: Timestamp | undefined;
}

interface EstimateRequest {
  readonly energy: TaskEnergy;
  /** The times that the user gave; null when there are none. */
  readonly stated: TimeInterval | null;
  /** The times to look up; null when nothing is known of them. */
  readonly span: TimeInterval | null;
  readonly energyByTime: readonly EnergyAtTime[] | null;
  /** Time for which the hardware was reserved; null where it is not known. */
  readonly reservedSeconds: number | null;
  readonly functionalUnitCount: number | undefined;
}

/**
 * Grams of CO2e of an energy. The constructor throws REGION_UNKNOWN and INPUT_INVALID at once, so that a wrong setting does
 * not wait for the first estimate; every method rejects with INPUT_INVALID for numbers and times outside their range, and with
 * INTENSITY_NO_DATA when no provider has any intensity.
 */
export class CarbonEstimator {
  readonly #region: ResolvedRegion;
  readonly #regionWasNamed: boolean;
  readonly #pue: Pue;
  readonly #wallFactor: StatedValue | undefined;
  readonly #level: number;
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #intensity: IntensityLookup;
  readonly #missingPolicy: MissingPolicy;
  readonly #sampling: SamplingWanted | null;
  readonly #embodied: EmbodiedDeclaration | null;
  readonly #functionalUnit: FunctionalUnit | null;

  constructor(options: CarbonEstimatorOptions = {}) {
    const { region = worldRegion, level = defaultLevel, clock = systemClock } = options;
    this.#region = checkedRegion(region);
    this.#regionWasNamed = options.region !== undefined;
    this.#pue = resolvePue(options.pue, this.#region.cloud);
    this.#wallFactor = options.wallFactor;
    resolveWallFactor(options.wallFactor, { boundary: null });
    this.#level = checkedLevel(level);
    this.#clock = clock;
    this.#intensity = lookupOf(options.intensity, clock);
    this.#missingPolicy = checkedPolicy(options.missingPolicy ?? "step");
    this.#sampling = checkedSampling(options);
    this.#embodied = checkedEmbodied(options.embodied);
    this.#functionalUnit = checkedFunctionalUnit(options.functionalUnit);
  }

  /** The energy of a span whose times are known. */
  async estimateOverSpan(span: SpanEnergy): Promise<CarbonEstimate> {
    const interval = intervalOf(span.startTs, span.endTs);
    const energyByTime = span.energyByTime === undefined ? null : checkedEnergyByTime(span.energyByTime, interval);
    return this.#estimate({ ...ofSpan(span, interval), energy: taskEnergyOf(span), energyByTime });
  }

  /** An energy; without times, nothing is known of the hours, and the interval is as wide as for a single hour of today. */
  async estimateFromEnergy(input: EnergyWithTimes): Promise<CarbonEstimate> {
    const interval = optionalIntervalOf(input.startTs, input.endTs);
    const ofInput = ofSpan(input, interval);
    const { reservedSeconds: stated } = input;
    const reservedSeconds = stated === undefined ? ofInput.reservedSeconds : checkedReserved(stated);
    return this.#estimate({ ...ofInput, energy: taskEnergyOf(input), reservedSeconds });
  }

  /** A power over a time. Without times the span is taken to end now; with `startTs` alone its end follows. */
  async estimateFromPowerTime(input: PowerTime): Promise<CarbonEstimate> {
    const powerWatts = checkedNumber("powerWatts", input.powerWatts, powerRange);
    const durationSeconds = checkedDuration(input.durationSeconds);
    const stated = statedInterval(input, durationSeconds);
    const nowMs = this.#clock.wallMs();
    const energy = taskEnergyOf({
      energyWh: wattHoursFromJoules(powerWatts * durationSeconds),
      energyRelativeUncertainty: input.energyRelativeUncertainty,
    });
    return this.#estimate({
      ...ofSpan(input, stated),
      energy,
      span: stated ?? { startMs: nowMs - durationSeconds * 1000, endMs: nowMs },
      reservedSeconds: durationSeconds,
    });
  }

  async #estimate(request: EstimateRequest): Promise<CarbonEstimate> {
    const { energy } = request;
    const functionalUnit = this.#functionalUnitOf(request.functionalUnitCount);
    const intensities = await this.#intensities(request);
    const inputs: EstimationInputs = {
      energy,
      wallFactor: resolveWallFactor(this.#wallFactor, energy),
      gpuWallFactor: resolveGpuWallFactor(this.#wallFactor, energy.host),
      pue: this.#pue,
      region: this.#region.region,
      regionWasNamed: this.#regionWasNamed,
      mapping: this.#region.mapping,
      level: this.#level,
      missingPolicy: this.#missingPolicy,
      sampling: this.#sampling,
      embodied: embodiedCarbon(this.#embodied, request.reservedSeconds),
      stated: request.stated,
      span: request.span,
      energyByTime: request.energyByTime,
      functionalUnit,
    };
    return estimationOf(inputs, intensities);
  }

  async #intensities({ span, energyByTime }: EstimateRequest): Promise<Intensities> {
    const answers = await this.#intensity.lookup(lookedUp(span), this.#region.zone);
    const policy = this.#missingPolicy;
    const effective = ({ series }: IntensityAnswer): EffectiveIntensity | null =>
      series === null ? null : effectiveIntensity({ series, span, energyByTime, policy });
    return {
      average: effective(answers.average),
      marginal: effective(answers.marginal),
      attempts: [...answers.average.attempts, ...answers.marginal.attempts],
    };
  }

  #functionalUnitOf(count: number | undefined): FunctionalUnit | null {
    if (count === undefined) return this.#functionalUnit;
    if (this.#functionalUnit === null) {
      throw invalidInput("functionalUnitCount needs a unit to count: give the estimator a functionalUnit.");
    }
    return { ...this.#functionalUnit, count: checkedCount("functionalUnitCount", count) };
  }
}

function ofSpan(
  { functionalUnitCount }: OfOneEstimate,
  interval: TimeInterval | null,
): Omit<EstimateRequest, "energy"> {
  return {
    stated: interval,
    span: interval,
    energyByTime: null,
    reservedSeconds: interval === null ? null : (interval.endMs - interval.startMs) / 1000,
    functionalUnitCount,
  };
}

function lookupOf(intensity: CarbonEstimatorOptions["intensity"], clock: Pick<Clock, "wallMs">): IntensityLookup {
  if (intensity === undefined) return intensityChain([staticIntensity(clock)]);
  return "providers" in intensity ? intensityChain(intensity.providers) : intensity;
}

function checkedPolicy(policy: unknown): MissingPolicy {
  if (policy === "step" || policy === "drop") return policy;
  throw invalidInput(`The missingPolicy is ${shown(policy)}, but must be "step" or "drop".`);
}

function checkedDuration(durationSeconds: number): number {
  const checked = checkedNumber("durationSeconds", durationSeconds, durationRange);
  if (checked > 0) return checked;
  throw invalidInput(
    `durationSeconds is ${durationSeconds}, but must be above 0: a power without a time is no energy.`,
  );
}

function checkedReserved(reservedSeconds: number): number {
  const checked = checkedNumber("reservedSeconds", reservedSeconds, durationRange);
  if (checked > 0) return checked;
  throw invalidInput("reservedSeconds is 0, but must be above 0: hardware without a time has no part to declare.");
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
