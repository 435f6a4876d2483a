/**
 * Error sources that come hour by hour, `….hour/FAMILY/t=2026-01-01T00Z`: neighbours of one family are correlated by rho to the power
 * of the hours between them. A family that names its own, `…/rho=0.8/…`, is taken at its word.
 */
export interface HourOptions {
  /** For families that do not name theirs, 0 to 1, or by the family's id; default 0.9. 0 makes hours independent. */
  readonly autocorrelationPerHour?: number | ((family: string) => number | undefined);
}

/**
 * Hourly residuals of grid intensities hang together for most of a day (judgement). Too high a value makes totals a little too uncertain,
 * too low a value makes them look sure.
 */
const defaultAutocorrelationPerHour = 0.9;

/** One hour of a family, or a day of equal hours that stands for its folded ones. */
export interface HourBlock {
  readonly id: string;
  readonly startMs: number;
  readonly isDay: boolean;
  readonly component: number;
}

const hourMs = 3_600_000;
const hoursOfDay = 24;
const pattern = /^(.+)\.(?:hour|day)\/(.+)\/t=(\d{4}-\d{2}-\d{2})(?:T(\d{2})Z)?$/;

export function isHourSource(id: string): boolean {
  return (id.includes(".hour/") || id.includes(".day/")) && pattern.test(id);
}

/** The family's id: the source's, without its time; null for a source that is no hour's. */
function familyOf(id: string): string | null {
  const match = isHourSource(id) ? pattern.exec(id) : null;
  return match === null ? null : `${match[1]}.hour/${match[2]}`;
}

/** The blocks of every family in the order of time; the key is the family's id, without the time. */
export function hourSeriesOf(components: ReadonlyMap<string, number>): ReadonlyMap<string, readonly HourBlock[]> {
  const families = new Map<string, HourBlock[]>();
  for (const [id, component] of components) {
    const match = isHourSource(id) ? pattern.exec(id) : null;
    if (match === null) continue;
    const [, prefix, name, day, hour] = match;
    const family = `${prefix}.hour/${name}`;
    const block = { id, component, isDay: hour === undefined, startMs: Date.parse(`${day}T${hour ?? "00"}:00:00Z`) };
    const series = families.get(family);
    if (series === undefined) families.set(family, [block]);
    else series.push(block);
  }
  for (const series of families.values()) series.sort((left, right) => left.startMs - right.startMs);
  return families;
}

/**
 * Variance of the sum of a family's blocks, in one pass: each block is known by its variance, and by what it has in common with the hour
 * at its beginning and at its end (equal for an hour and for a day of equal hours). An hour that comes late for a day already folded
 * counts as fully correlated with the day's end: for parts of one sign the variance is then rather too large than too small.
 */
export function hourVariance(series: readonly HourBlock[], options: HourOptions): number {
  const first = series.at(0);
  if (first === undefined) return 0;
  const rho = autocorrelationOf(first.id, options);
  const edgeOfDay = edgeShareOfDay(rho);
  let variance = 0;
  let carried = 0;
  let lastHourMs = first.startMs;
  for (const { startMs, isDay, component } of series) {
    const edge = isDay ? component * edgeOfDay : component;
    const gapHours = Math.max(0, (startMs - lastHourMs) / hourMs);
    const span = isDay ? hoursOfDay - 1 : 0;
    const decayed = carried === 0 ? 0 : carried * rho ** gapHours;
    variance += component * component + 2 * decayed * edge;
    carried = decayed * rho ** span + edge;
    lastHourMs = Math.max(lastHourMs, startMs + span * hourMs);
  }
  return Math.max(0, variance);
}

/** Of two series of the same family: from the variances of their sum and their difference. */
export function hourCovariance(a: readonly HourBlock[], b: readonly HourBlock[], options: HourOptions): number {
  const merged = (sign: 1 | -1): HourBlock[] => {
    const blocks = new Map(a.map((block) => [block.id, block]));
    for (const block of b) {
      const component = (blocks.get(block.id)?.component ?? 0) + sign * block.component;
      blocks.set(block.id, { ...block, component });
    }
    return [...blocks.values()].sort((left, right) => left.startMs - right.startMs);
  };
  return (hourVariance(merged(1), options) - hourVariance(merged(-1), options)) / 4;
}

function autocorrelationOf(id: string, { autocorrelationPerHour }: HourOptions): number {
  const family = familyOf(id) ?? id;
  const named = /\/rho=([0-9.]+)(?:\/|$)/.exec(family);
  const stated = typeof autocorrelationPerHour === "function" ? autocorrelationPerHour(family) : autocorrelationPerHour;
  const rho = named === null ? stated : Number(named[1]);
  return rho === undefined || Number.isNaN(rho) ? defaultAutocorrelationPerHour : Math.min(1, Math.max(0, rho));
}

/** Covariance of a day of 24 equal hours, of variance 1 in all, with the error of its first (or last) hour. */
function edgeShareOfDay(rho: number): number {
  let edge = 0;
  let variance = 0;
  for (let distance = 0; distance < hoursOfDay; distance += 1) {
    const correlation = rho ** distance;
    edge += correlation;
    variance += (distance === 0 ? 1 : 2) * (hoursOfDay - distance) * correlation;
  }
  return edge / Math.sqrt(variance);
}
