import { CarbonOpsError } from "../errors.ts";
import {
  type HourBlock,
  type HourOptions,
  hourCovariance,
  hourSeriesOf,
  hourVariance,
  isHourSource,
} from "./hour-sources.ts";

/**
 * A quantity whose uncertainty is kept by the sources of error it comes from, so that sums over tasks, hosts and days stay right: equal
 * source ids are the same error and add with their signs; different ids, and the private part, are independent. (The form of Hall's
 * GUM trees: components u_i(y) of JCGM 100, 5.1.3, under ids that last.)
 */
export interface SourcedQuantity {
  readonly value: number;
  /** Signed standard uncertainty by source id, in the unit of the value. */
  readonly components: ReadonlyMap<string, number>;
  /** Standard uncertainty that nothing else shares; 0 or more. */
  readonly privateUncertainty: number;
}

/** What a sum takes: a quantity, or one whose components come as entries. */
export interface SummableQuantity extends Omit<SourcedQuantity, "components"> {
  readonly components: Iterable<readonly [string, number]>;
}

/** A running sum in memory that grows with the number of sources, not of terms. */
export interface RunningSum {
  /** Adds the quantity, or subtracts it with sign -1; private parts are independent either way. */
  add(quantity: SummableQuantity, sign?: 1 | -1): void;
  /** Folds each UTC day of hourly sources that ended by then into one component. */
  foldDaysBefore(milliseconds: number): void;
  readonly sourceCount: number;
  total(): SourcedQuantity;
}

export function runningSum(options: HourOptions = {}): RunningSum {
  let value = 0;
  let privateVariance = 0;
  let components = new Map<string, number>();
  return {
    add(quantity, sign = 1) {
      value += sign * quantity.value;
      privateVariance += quantity.privateUncertainty ** 2;
      for (const [id, component] of quantity.components) {
        components.set(id, (components.get(id) ?? 0) + sign * component);
      }
    },
    foldDaysBefore(milliseconds) {
      components = new Map(foldedComponents(components, milliseconds, options));
    },
    get sourceCount() {
      return components.size;
    },
    total: () => ({ value, components: new Map(components), privateUncertainty: Math.sqrt(privateVariance) }),
  };
}

/** Associative up to rounding: tasks to hosts to days in any grouping give the same. */
export function sumOfSourced(quantities: Iterable<SummableQuantity>): SourcedQuantity {
  const sum = runningSum();
  for (const quantity of quantities) sum.add(quantity);
  return sum.total();
}

/** a - b: what both share cancels, so that a difference may be far better known than either. */
export function differenceOfSourced(a: SourcedQuantity, b: SourcedQuantity): SourcedQuantity {
  const sum = runningSum();
  sum.add(a);
  sum.add(b, -1);
  return sum.total();
}

/** Linear per id, quadrature over ids and the private part; hours of one family by their autocorrelation. */
export function standardUncertaintyOf(quantity: SourcedQuantity, options: HourOptions = {}): number {
  let variance = quantity.privateUncertainty ** 2;
  for (const [id, component] of quantity.components) {
    if (!isHourSource(id)) variance += component * component;
  }
  for (const series of hourSeriesOf(quantity.components).values()) variance += hourVariance(series, options);
  return Math.sqrt(variance);
}

/** Of the errors of two different quantities: what they share by id, and neighbouring hours of the same family. */
export function covarianceOf(a: SourcedQuantity, b: SourcedQuantity, options: HourOptions = {}): number {
  let covariance = 0;
  for (const [id, component] of a.components) {
    if (!isHourSource(id)) covariance += component * (b.components.get(id) ?? 0);
  }
  const seriesOfB = hourSeriesOf(b.components);
  for (const [family, series] of hourSeriesOf(a.components)) {
    const other = seriesOfB.get(family);
    if (other !== undefined) covariance += hourCovariance(series, other, options);
  }
  return covariance;
}

/**
 * The same quantity with the hourly sources of each UTC day that ended by then folded into one `….day/…/t=2026-01-01`. The variance of
 * every day stays; covariances between days are from then on those of a day with equal hours.
 */
export function foldDays(quantity: SourcedQuantity, beforeMs: number, options: HourOptions = {}): SourcedQuantity {
  return { ...quantity, components: foldedComponents(quantity.components, beforeMs, options) };
}

const dayMs = 86_400_000;

function foldedComponents(
  components: ReadonlyMap<string, number>,
  beforeMs: number,
  options: HourOptions,
): ReadonlyMap<string, number> {
  const kept = new Map<string, number>();
  for (const [id, component] of components) {
    if (!isHourSource(id)) kept.set(id, component);
  }
  for (const [family, series] of hourSeriesOf(components)) {
    for (const [day, blocks] of byDay(series)) {
      if ((day + 1) * dayMs > beforeMs || blocks.every(({ isDay }) => isDay)) {
        for (const { id, component } of blocks) kept.set(id, component);
        continue;
      }
      const sum = blocks.reduce((total, { component }) => total + component, 0);
      const size = Math.sqrt(hourVariance(blocks, options));
      kept.set(dayIdOf(family, day * dayMs), sum < 0 ? -size : size);
    }
  }
  return kept;
}

function byDay(series: readonly HourBlock[]): ReadonlyMap<number, readonly HourBlock[]> {
  const days = new Map<number, HourBlock[]>();
  for (const block of series) {
    const day = Math.floor(block.startMs / dayMs);
    days.set(day, [...(days.get(day) ?? []), block]);
  }
  return days;
}

function dayIdOf(family: string, startMs: number): string {
  return `${family.replace(".hour/", ".day/")}/t=${new Date(startMs).toISOString().slice(0, 10)}`;
}

/** As it stands in a record. */
export interface SourcedQuantityJson {
  readonly value: number;
  readonly u: number;
  readonly components: Readonly<Record<string, number>>;
  readonly u_private: number;
}

/** Ids in their order by code unit, so that equal quantities give equal text. */
export function sourcedToJson(quantity: SourcedQuantity, options: HourOptions = {}): SourcedQuantityJson {
  const sorted = [...quantity.components].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    value: quantity.value,
    u: standardUncertaintyOf(quantity, options),
    components: Object.fromEntries(sorted),
    u_private: quantity.privateUncertainty,
  };
}

/** Throws INPUT_INVALID for anything else than what `sourcedToJson` gives; `u` is not needed, for it follows from the rest. */
export function sourcedFromJson(json: unknown): SourcedQuantity {
  const { value, components, u_private: privateUncertainty } = objectOf(json, "quantity with named sources");
  if (!isFiniteNumber(value)) throw misfit("value", "a finite number");
  if (!(isFiniteNumber(privateUncertainty) && privateUncertainty >= 0))
    throw misfit("u_private", "a finite number, 0 or more");
  const parsed = new Map<string, number>();
  for (const [id, component] of Object.entries(objectOf(components, "set of components"))) {
    if (!isFiniteNumber(component)) throw misfit(`component "${id}"`, "a finite number");
    parsed.set(id, component);
  }
  return { value, components: parsed, privateUncertainty };
}

function objectOf(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return { ...json };
  throw new CarbonOpsError("INPUT_INVALID", `The ${what} must be an object, as it stands in a record.`);
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function misfit(member: string, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${member} of a quantity with named sources must be ${allowed}.`);
}
