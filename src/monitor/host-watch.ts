import type { ConsumerName, CpuMeter } from "../attribution/process-cpu.ts";
import {
  addSharedTick,
  type ConsumerShare,
  foldExited,
  noShares,
  type SharedTick,
  type ShareTotals,
} from "../attribution/process-shares.ts";
import { attributionUncertainty } from "../attribution/uncertainty.ts";
import type { DomainReading, EnergyReading, EnergySource } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";
import type { IdleBaseline } from "./energy-figures.ts";

const microjoulesPerJoule = 1e6;

export interface WatchedHost {
  readonly source: EnergySource;
  readonly meter: CpuMeter;
  /** CPU seconds spent by everything on the host since boot. Throws when its kernel file cannot be read. */
  hostBusyCpuSeconds(): number;
  /** Where it is not known, idle energy is shared out with the rest. */
  readonly idleBaseline: IdleBaseline;
}

export interface DomainPower {
  readonly id: string;
  readonly kind: DomainReading["kind"];
  /** Whether it is part of the host's power; others are inside a counted one, or contain it. */
  readonly counted: boolean;
  readonly watts: number;
  readonly joules: number;
}

export interface ConsumerPower extends ConsumerName {
  readonly key: string;
  /** Busy CPUs in the last tick: 1 is one CPU all the time. */
  readonly busyCpus: number;
  /** Of the last tick, marginal. */
  readonly watts: number;
  /** Since the watch began, marginal; those of children that ended included. */
  readonly joules: number;
  /** Of `joules`: the source's gain, the share by CPU time, the clocks' resolution and the idle baseline together. */
  readonly standardUncertaintyJoules: number;
  /** Since the watch began, with idle power spread over the busy. */
  readonly proportionalJoules: number;
}

/** The host over the last tick and since the watch began. `watts` of all parts add up to `hostWatts`, joules likewise. */
export interface HostView {
  readonly tickSeconds: number;
  readonly durationSeconds: number;
  readonly hostWatts: number;
  readonly hostJoules: number;
  readonly busyCpus: number;
  readonly idle: PartPower;
  readonly exited: PartPower & { readonly count: number };
  readonly unattributed: PartPower;
  readonly domains: readonly DomainPower[];
  readonly consumers: readonly ConsumerPower[];
  /** Steps of counters that added nothing, and ticks that could not be read, since the watch began. */
  readonly gaps: number;
}

export interface PartPower {
  readonly watts: number;
  readonly joules: number;
}

interface WatchPoint {
  readonly reading: EnergyReading;
  readonly hostBusyCpuSeconds: number;
}

/** Watches a whole host and shares its energy out among what runs on it. Memory grows with what runs now, not with time. */
export class HostWatch {
  readonly #host: WatchedHost;
  readonly #opened: EnergyReading;
  #last: WatchPoint;
  #totals: ShareTotals = noShares;
  #failedTicks = 0;
  #lastFailure: string | null = null;

  /** Takes the baseline reading. Throws when the host cannot be read at all. */
  constructor(host: WatchedHost) {
    this.#host = host;
    this.#last = takePoint(host);
    this.#opened = this.#last.reading;
    host.meter.sample();
  }

  get totals(): ShareTotals {
    return this.#totals;
  }

  /** Steps of counters that added nothing, and ticks that could not be read, since the watch began. */
  get gaps(): number {
    return this.#last.reading.gaps - this.#opened.gaps + this.#failedTicks;
  }

  /** Why the last tick could not be read; null when it could. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /** One tick. Null when something could not be read, or no time has passed: then the next tick covers this one too. */
  advance(): HostView | null {
    let point: WatchPoint;
    try {
      point = takePoint(this.#host);
    } catch (error) {
      this.#failedTicks += 1;
      this.#lastFailure = messageOf(error);
      return null;
    }
    this.#lastFailure = null;
    if (point.reading.monotonicNs <= this.#last.reading.monotonicNs) return null;
    const use = this.#host.meter.sample();
    const tick = { ...tickBetween(this.#last, point), cpuSecondsByConsumer: use.cpuSecondsByConsumer };
    const before = this.#totals;
    const shared = addSharedTick(before, tick, this.#host.idleBaseline.watts ?? 0);
    const departures = {
      isAlive: (key: string) => use.names.has(key),
      heirOf: (key: string) => use.heirs.get(key) ?? null,
    };
    const after = foldExited(shared, departures);
    // What this tick added, alone: what heirs took over from earlier ticks is no power of now.
    const added = foldExited(addedBy(before, shared), departures);
    const domains = domainPower(this.#opened, this.#last.reading, point.reading, tick.durationSeconds);
    this.#totals = after;
    this.#last = point;
    return { ...viewOf(this.#host, added, after, tick, use.names), domains, gaps: this.gaps };
  }
}

function takePoint(host: WatchedHost): WatchPoint {
  return { reading: host.source.read(), hostBusyCpuSeconds: host.hostBusyCpuSeconds() };
}

function tickBetween(earlier: WatchPoint, later: WatchPoint): Omit<SharedTick, "cpuSecondsByConsumer"> {
  return {
    durationSeconds: secondsFromNanoseconds(later.reading.monotonicNs - earlier.reading.monotonicNs),
    hostJoules: Number(later.reading.hostMicrojoules - earlier.reading.hostMicrojoules) / microjoulesPerJoule,
    hostBusyCpuSeconds: later.hostBusyCpuSeconds - earlier.hostBusyCpuSeconds,
  };
}

function addedBy(before: ShareTotals, after: ShareTotals): ShareTotals {
  const consumers = new Map(
    [...after.consumers].map(([key, share]) => [key, shareSince(before.consumers.get(key), share)]),
  );
  return {
    durationSeconds: after.durationSeconds - before.durationSeconds,
    hostJoules: after.hostJoules - before.hostJoules,
    hostBusyCpuSeconds: after.hostBusyCpuSeconds - before.hostBusyCpuSeconds,
    idleJoules: after.idleJoules - before.idleJoules,
    unattributedJoules: after.unattributedJoules - before.unattributedJoules,
    consumers,
    exited: { ...noShares.exited },
  };
}

function shareSince(before: ConsumerShare | undefined, after: ConsumerShare): ConsumerShare {
  if (before === undefined) return after;
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    marginalJoules: after.marginalJoules - before.marginalJoules,
    proportionalJoules: after.proportionalJoules - before.proportionalJoules,
    carriedCpuSeconds: after.carriedCpuSeconds,
  };
}

function viewOf(
  host: WatchedHost,
  added: ShareTotals,
  after: ShareTotals,
  tick: SharedTick,
  names: ReadonlyMap<string, ConsumerName>,
): Omit<HostView, "domains" | "gaps"> {
  const seconds = tick.durationSeconds;
  const consumers = [...after.consumers].flatMap(([key, share]) => {
    const name = names.get(key);
    if (name === undefined) return [];
    const now = added.consumers.get(key);
    return [
      {
        key,
        ...name,
        busyCpus: (now?.cpuSeconds ?? 0) / seconds,
        watts: (now?.marginalJoules ?? 0) / seconds,
        joules: share.marginalJoules,
        standardUncertaintyJoules: uncertaintyJoules(host, after, share),
        proportionalJoules: share.proportionalJoules,
      },
    ];
  });
  const { marginalJoules: exitedJoules, count } = after.exited;
  return {
    tickSeconds: seconds,
    durationSeconds: after.durationSeconds,
    hostWatts: tick.hostJoules / seconds,
    hostJoules: after.hostJoules,
    busyCpus: tick.hostBusyCpuSeconds / seconds,
    idle: { watts: added.idleJoules / seconds, joules: after.idleJoules },
    exited: { watts: added.exited.marginalJoules / seconds, joules: exitedJoules, count },
    unattributed: { watts: added.unattributedJoules / seconds, joules: after.unattributedJoules },
    consumers,
  };
}

/** The errors are independent of each other: gain and share scale with the joules, the rest does not (JCGM 100, 5.1.2). */
function uncertaintyJoules(host: WatchedHost, totals: ShareTotals, share: ConsumerShare): number {
  const { source, idleBaseline } = host;
  const ownIdleWatts = idleBaseline.origin === "model" ? 0 : (idleBaseline.watts ?? 0);
  // Proportional less marginal joules are the share of the idle energy: the baseline times the time of that share.
  const idleJoules = share.proportionalJoules - share.marginalJoules;
  const { shareLnSigma, additiveJoules } = attributionUncertainty(
    {
      durationSeconds: totals.durationSeconds,
      hostJoules: totals.hostJoules,
      activeJoules: totals.hostJoules - totals.idleJoules,
      taskJoules: share.marginalJoules,
      hostBusyCpuSeconds: totals.hostBusyCpuSeconds,
      taskCpuSeconds: share.cpuSeconds,
      taskShareSeconds: ownIdleWatts > 0 ? idleJoules / ownIdleWatts : 0,
      tickCount: 1,
      carriedTaskCpuSeconds: share.carriedCpuSeconds,
    },
    ownIdleWatts,
    source.wattsPerBusyCpu,
    idleBaseline.standardUncertaintyWatts,
  );
  const { gainLnSigma } = source.uncertainty;
  return Math.hypot(share.marginalJoules * gainLnSigma, share.marginalJoules * shareLnSigma, additiveJoules);
}

function domainPower(opened: EnergyReading, last: EnergyReading, now: EnergyReading, seconds: number): DomainPower[] {
  const microjoulesIn = (reading: EnergyReading, id: string): bigint =>
    reading.domains.find((domain) => domain.id === id)?.microjoules ?? 0n;
  return now.domains.map(({ id, kind, counted, microjoules }) => ({
    id,
    kind,
    counted,
    watts: Number(microjoules - microjoulesIn(last, id)) / microjoulesPerJoule / seconds,
    joules: Number(microjoules - microjoulesIn(opened, id)) / microjoulesPerJoule,
  }));
}
