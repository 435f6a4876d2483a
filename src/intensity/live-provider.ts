import { createHash } from "node:crypto";
import { type Clock, isoFromWallMs } from "../clock.ts";
import { CarbonOpsError } from "../errors.ts";
import type { Batch, StoredPeriod } from "./cache/day-entry.ts";
import { type DayStore, dayStartOf } from "./cache/day-store.ts";
import { staleHours } from "./cache/freshness.ts";
import type { ProviderCounters } from "./counters.ts";
import { inTurn } from "./in-turn.ts";
import type { IntensityProvider, IntensityRequest, IntensitySeries, TimeInterval } from "./intensity.ts";
import { dayMs, hourMs, type PeriodSource } from "./period-source.ts";
import { findZone } from "./zones.ts";

export interface LiveSettings {
  readonly clock: Clock;
  readonly store: DayStore;
  readonly counters: ProviderCounters;
  /** Only what is stored answers; no request is made. */
  readonly isOffline: boolean;
}

/** A longer time is estimated in parts by whoever has such a task. */
const longestIntervalMs = 400 * dayMs;
/** A failed service is not asked again for a while: many tasks that end together do not wait for it one after the other. */
const restAfterFailureMs = 60_000;
/** Correlation of estimates' errors over an hour: judgement, as for values that Electricity Maps marks as estimated. */
const autocorrelationPerHour = 0.9;

/**
 * A live service behind its cache: values of the request's own hours, each fetched once while it may not change. One zone is
 * asked for by one caller at a time. When the service fails, stored values of those hours answer, however old they are.
 */
export function liveProvider(source: PeriodSource, settings: LiveSettings): IntensityProvider {
  const takeTurn = inTurn();
  const failures: Failures = new Map();
  return {
    id: source.id,
    kinds: source.kinds,
    async series(request) {
      const { signal } = request;
      const asked = askedHours(source, request, settings.clock.wallMs());
      const work = takeTurn(`${request.kind} ${request.zone}`, async () => {
        signal?.throwIfAborted();
        return seriesOf(source, settings, failures, request, asked);
      });
      return signal === undefined ? work : unlessAborted(work, signal);
    },
  };
}

/** The whole hours that hold the request's interval, up to the last one that the service can know. */
function askedHours({ id, horizonMs }: PeriodSource, { interval }: IntensityRequest, nowMs: number): TimeInterval {
  if (interval === null) {
    throw noData(id, "is asked for values of an hour, but it is not known when the energy was used; give the times");
  }
  const startMs = Math.floor(interval.startMs / hourMs) * hourMs;
  const lastMs = Math.ceil((nowMs + horizonMs) / hourMs) * hourMs;
  const wantedMs = Math.max(Math.ceil(interval.endMs / hourMs) * hourMs, startMs + hourMs);
  if (startMs >= lastMs) throw noData(id, "has no values of the future; check this machine's clock or the times");
  const endMs = Math.min(wantedMs, lastMs);
  if (endMs - startMs > longestIntervalMs) {
    throw noData(id, `is asked for more than ${longestIntervalMs / dayMs} days at once; estimate shorter spans`);
  }
  return { startMs, endMs };
}

async function seriesOf(
  source: PeriodSource,
  settings: LiveSettings,
  failures: Failures,
  request: IntensityRequest,
  asked: TimeInterval,
): Promise<IntensitySeries> {
  const { store, counters } = settings;
  const { kind, zone, signal } = request;
  try {
    const providerZone = await source.providerZone(zone, kind);
    const series = `${source.id} ${source.variant} ${kind} ${providerZone}`;
    const known = await staleIn(source, settings, series, asked, false);
    // Another process may have fetched it meanwhile.
    const stale = known.length === 0 ? known : await staleIn(source, settings, series, asked, true);
    const outcome = await refreshed(source, settings, failures, { series, providerZone, request }, stale);
    const periods = await storedPeriods(store, series, asked);
    if (periods.length === 0) throw outcome.failure ?? nothingKnown(source, request, outcome.aheadMs);
    if (outcome.failure !== null) counters.errors += 1;
    if (stale.length > 0) counters.cacheMisses += 1;
    else counters.cacheHits += 1;
    return assembled(source, settings, request, { providerZone, periods, ...outcome });
  } catch (error) {
    if (signal?.aborted !== true) counters.errors += 1;
    throw error;
  }
}

interface Outcome {
  readonly isFetched: boolean;
  /** Why the stale hours were not all fetched; null when they were, or when none are stale. */
  readonly failure: CarbonOpsError | null;
  /** This machine's clock against the service's. */
  readonly aheadMs: number;
}

async function refreshed(
  source: PeriodSource,
  settings: LiveSettings,
  failures: Failures,
  fetching: Fetching,
  stale: readonly TimeInterval[],
): Promise<Outcome> {
  const { clock, isOffline } = settings;
  const { kind, zone, signal } = fetching.request;
  const unfetched = { isFetched: false, aheadMs: 0 };
  if (stale.length === 0) return { ...unfetched, failure: null };
  if (isOffline) return { ...unfetched, failure: offline(source, fetching.request) };
  const rested = failures.get(kind + zone);
  if (rested !== undefined && clock.monotonicNs() < rested.untilNs) return { ...unfetched, failure: rested.error };
  try {
    const aheadMs = await fetchAll(source, settings, fetching, stale);
    return { isFetched: true, failure: null, aheadMs };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof CarbonOpsError)) throw error;
    rememberFailure(failures, kind + zone, error, clock);
    return { ...unfetched, failure: error };
  }
}

async function staleIn(
  { settleMs }: PeriodSource,
  { store, clock }: LiveSettings,
  series: string,
  asked: TimeInterval,
  isReread: boolean,
): Promise<TimeInterval[]> {
  const stale: TimeInterval[] = [];
  for (const day of daysOf(asked)) {
    const entry = await store.read(series, dayStartOf(day.startMs), isReread);
    for (const part of staleHours(entry, day, settleMs, clock.wallMs())) {
      const last = stale.at(-1);
      if (last?.endMs === part.startMs) stale[stale.length - 1] = { startMs: last.startMs, endMs: part.endMs };
      else stale.push(part);
    }
  }
  return stale;
}

interface Fetching {
  readonly series: string;
  readonly providerZone: string;
  readonly request: IntensityRequest;
}

/** More separate stretches than this are fetched as one: requests cost more than values. */
const mostStretches = 4;

async function fetchAll(
  source: PeriodSource,
  { store }: LiveSettings,
  { series, providerZone, request }: Fetching,
  stale: readonly TimeInterval[],
): Promise<number> {
  let aheadMs = 0;
  const first = stale[0];
  const last = stale.at(-1);
  if (first === undefined || last === undefined) return aheadMs;
  const stretches = stale.length > mostStretches ? [{ startMs: first.startMs, endMs: last.endMs }] : stale;
  for (const stretch of stretches) {
    for (const part of partsOf(stretch, source.longestFetchMs)) {
      const { periods, serverDateMs, ...answer } = await source.fetch({
        ...part,
        kind: request.kind,
        providerZone,
        signal: request.signal,
      });
      const batch: Batch = { ...part, ...answer };
      if (serverDateMs !== null) aheadMs = batch.retrievedAtMs - serverDateMs;
      for (const day of daysOf(part)) {
        const dayStartMs = dayStartOf(day.startMs);
        const isOfDay = ({ startMs }: TimeInterval): boolean => dayStartOf(startMs) === dayStartMs;
        const stored: StoredPeriod[] = periods.filter(isOfDay).map((period) => ({ ...period, batch }));
        await store.add(series, dayStartMs, [batch], stored);
      }
    }
  }
  return aheadMs;
}

async function storedPeriods(store: DayStore, series: string, asked: TimeInterval): Promise<StoredPeriod[]> {
  const found: StoredPeriod[] = [];
  for (const day of daysOf(asked)) {
    const { periods } = await store.read(series, dayStartOf(day.startMs), false);
    found.push(...periods.filter(({ startMs, endMs }) => startMs < asked.endMs && endMs > asked.startMs));
  }
  return found;
}

interface Found extends Outcome {
  readonly providerZone: string;
  readonly periods: readonly StoredPeriod[];
}

function assembled(
  source: PeriodSource,
  { clock }: LiveSettings,
  { kind, zone }: IntensityRequest,
  { providerZone, periods, isFetched, failure }: Found,
): IntensitySeries {
  const batches = [...new Set(periods.map(({ batch }) => batch))];
  const hashes = [...new Set(batches.map(({ bodySha256 }) => bodySha256))];
  const oldestMs = Math.min(...batches.map(({ retrievedAtMs }) => retrievedAtMs));
  const judged = source.judge(zone, kind, providerZone, periods);
  return {
    ...source.describe(kind, providerZone),
    kind,
    providerId: source.id,
    providerVersion: [...new Set(batches.map(({ providerVersion }) => providerVersion))].join(", "),
    endpoint: batches.at(-1)?.endpoint ?? null,
    zone,
    zoneName: findZone(zone)?.name ?? zone,
    providerZone,
    isFallback: false,
    periodSeconds: shortestSeconds(periods),
    year: null,
    retrievedAt: isoFromWallMs(oldestMs),
    bodySha256: hashes.length === 1 ? (hashes[0] ?? null) : sha256(hashes.join("")),
    cache: isFetched ? "miss" : "hit",
    cacheAgeSeconds: Math.max(0, (clock.wallMs() - oldestMs) / 1000),
    isProvisional: periods.some(({ isProvisional }) => isProvisional),
    ...judged,
    autocorrelationPerHour,
    hourSourceId: `intensity.hour/kind=${kind}/zone=${zone}/provider=${source.id}`,
    ...(failure !== null ? { shortfall: { code: failure.code, reason: failure.message } } : {}),
  };
}

function shortestSeconds(periods: readonly TimeInterval[]): number {
  return Math.min(...periods.map(({ startMs, endMs }) => endMs - startMs)) / 1000;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function daysOf(interval: TimeInterval): TimeInterval[] {
  return partsOf(interval, dayMs, dayStartOf(interval.startMs));
}

function partsOf({ startMs, endMs }: TimeInterval, longestMs: number, fromMs = startMs): TimeInterval[] {
  const parts: TimeInterval[] = [];
  for (let partMs = fromMs; partMs < endMs; partMs += longestMs) {
    parts.push({ startMs: Math.max(partMs, startMs), endMs: Math.min(partMs + longestMs, endMs) });
  }
  return parts;
}

type Failures = Map<string, { readonly error: CarbonOpsError; readonly untilNs: bigint }>;

/** A plan's limit or an absence concerns the hours that were asked for, not the service. */
function rememberFailure(failures: Failures, key: string, error: CarbonOpsError, clock: Clock): void {
  if (error.code === "INTENSITY_PLAN" || error.code === "INTENSITY_NO_DATA") return;
  failures.set(key, { error, untilNs: clock.monotonicNs() + BigInt(restAfterFailureMs) * 1_000_000n });
}

/** A difference between the clocks that no network explains. */
const skewMs = 5 * 60_000;

function nothingKnown({ id }: PeriodSource, { kind, zone }: IntensityRequest, aheadMs: number): CarbonOpsError {
  const skew =
    Math.abs(aheadMs) < skewMs
      ? "another provider may have one"
      : `this machine's clock is ${Math.round(Math.abs(aheadMs) / 60_000)} min ${aheadMs > 0 ? "ahead of" : "behind"} the service's, correct it`;
  return noData(id, `has no ${kind} value of ${zone} for these hours; ${skew}`);
}

function offline({ id }: PeriodSource, { kind, zone }: IntensityRequest): CarbonOpsError {
  const words = `Offline mode is on, and what is stored of ${id} does not hold every ${kind} value of ${zone} for these hours; go online once, or use another provider.`;
  return new CarbonOpsError("INTENSITY_OFFLINE", words);
}

function noData(id: string, what: string): CarbonOpsError {
  return new CarbonOpsError("INTENSITY_NO_DATA", `The provider ${id} ${what}.`);
}

function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
