import { type AttributionTotals, addTick, zeroTotals } from "../attribution/accumulator.ts";
import type { Clock } from "../clock.ts";
import type { EnergyReading, EnergySource, ReadingsAround } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";
import type { Edge, Moment } from "./moment.ts";

/** Time between two readings, unless somebody says otherwise: long enough for CPU clocks that are cut to 10 ms. */
export const defaultSampleIntervalSeconds = 1;

const microjoulesPerJoule = 1e6;

/** What a sampler reads at every tick. Each function throws when its kernel file cannot be read. */
export interface SampledHost {
  readonly source: EnergySource;
  readonly clock: Clock;
  /** CPU seconds spent by everything on the host since boot; idle, iowait and steal are not in it. */
  hostBusyCpuSeconds(): number;
  /** CPU seconds spent by the task so far. */
  taskCpuSeconds(): number;
}

interface CpuPoint {
  readonly hostBusyCpuSeconds: number;
  readonly taskCpuSeconds: number;
}

interface SamplePoint extends CpuPoint {
  readonly reading: EnergyReading;
}

/** A moment that the sampler fills in. */
interface OpenMoment {
  end: Edge | null;
  start: Edge | null;
  failure: string | null;
  /** Where the span begins that ends here; null where none ends. */
  readonly since: Moment | null;
  readonly begins: Beginning | "nothing";
}

/**
 * What begins at a moment. A span that has the task for itself claims no CPU time of before; where others are open, what the
 * host's clock has not shown yet is theirs, and stays.
 */
export type Beginning = "a span" | "a span among others";

/** When it was, and the CPU time of then. */
interface MomentPoint extends CpuPoint {
  readonly monotonicNs: bigint;
}

/**
 * Reads energy and CPU time together and accumulates what belongs to the task. A reading that fails loses nothing: sources
 * accumulate, so the next one that succeeds covers the longer tick; the failure is counted and shown.
 */
export class Sampler {
  readonly #host: SampledHost;
  #idleWatts: number;
  #last: SamplePoint;
  #totals: AttributionTotals = zeroTotals;
  /** Moments of open spans whose readings have not arrived, in order of time. */
  readonly #waiting = new Map<Moment, { readonly moment: OpenMoment; readonly point: MomentPoint }>();
  /** The last reading before the last silence of the source, and what had been accumulated by then. */
  #beforeSilence: { readonly reading: EnergyReading; readonly edge: Edge } | null = null;
  /** Failed readings that no later reading of the source has counted itself. */
  #uncountedFailures = 0;
  #lastFailure: string | null = null;
  #isSilent = false;
  #silences = 0;
  #closed = false;

  /** Takes the baseline reading. Throws when the host cannot be read at all. */
  constructor(host: SampledHost, idleWatts: number) {
    this.#host = host;
    this.#idleWatts = idleWatts;
    this.#last = { reading: host.source.read(), ...cpuPoint(host) };
  }

  /** When the sampler took its baseline reading. */
  get opened(): Moment {
    const edge = { totals: zeroTotals, gaps: 0 };
    return { end: edge, start: edge, failure: null };
  }

  /** The moment of the last reading; nothing is read for it. */
  get latest(): Moment {
    const edge = this.#edge();
    return { end: edge, start: this.#lastFailure === null ? edge : null, failure: this.#lastFailure };
  }

  get totals(): AttributionTotals {
    return this.#totals;
  }

  /** Steps and readings of the source that failed or made no sense since it was opened, and failed readings of CPU time. */
  get gaps(): number {
    return this.#last.reading.gaps + this.#uncountedFailures;
  }

  /** Why the last reading failed; null when it succeeded. */
  get lastFailure(): string | null {
    return this.#lastFailure;
  }

  /** Whether the source tells nothing of the last instant that it was asked for: joules are then known up to an earlier one than CPU time. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Moments in silences so far: what was drawn around them is in the totals of the host, and in its time not shared. */
  get silences(): number {
    return this.#silences;
  }

  get idleWatts(): number {
    return this.#idleWatts;
  }

  /** A new baseline counts from the next tick on. */
  setIdleWatts(idleWatts: number): void {
    this.advance();
    this.#idleWatts = idleWatts;
  }

  /** One tick. False when nothing was added, since it failed or nothing newer is there: the next tick covers this one too. */
  advance(): boolean {
    return this.#advance(null);
  }

  /**
   * One tick, after which a task's span begins: CPU time that the host's clock has not shown yet is not claimed from the energy
   * of that span, unless others are open, whose it is.
   */
  beginSpan(begins: Beginning = "a span"): Moment {
    return this.#take(null, begins);
  }

  /** One tick, with which the span since that moment ends, and where another may begin; `settle` waits for its readings. */
  endSpan(since: Moment, thenBegins: Beginning | "nothing" = "nothing"): Moment {
    return this.#take(since, thenBegins);
  }

  /** Waits, for a bounded time, until the source can tell of the moments so far. */
  async settle(): Promise<void> {
    await this.#host.source.settle?.();
    this.#placeWaiting();
    for (const { moment } of this.#waiting.values()) {
      if (moment.since === null || moment.end !== null) continue;
      moment.end = this.#edge();
      moment.failure = "no reading came in time";
    }
  }

  /** Nobody asks for these any more. */
  forget(...moments: readonly Moment[]): void {
    for (const moment of moments) this.#waiting.delete(moment);
  }

  /** Takes a last reading and closes the source. The totals stay; later ticks add nothing. */
  close(): void {
    if (this.#closed) return;
    this.advance();
    this.#takeWhatIsLeft();
    this.#closed = true;
    this.#lastFailure = "the logger was closed";
    this.#host.source.close();
  }

  #take(since: Moment | null, begins: Beginning | "nothing"): Moment {
    const moment: OpenMoment = { end: null, start: null, failure: null, since, begins };
    this.#advance(moment);
    return moment;
  }

  #advance(moment: OpenMoment | null): boolean {
    const ticksBefore = this.#totals.tickCount;
    if (!this.#closed) {
      try {
        this.#lastFailure = this.#read(moment);
      } catch (error) {
        this.#uncountedFailures += 1;
        this.#lastFailure = messageOf(error);
      }
    }
    if (moment !== null && this.#lastFailure !== null) {
      moment.end ??= this.#edge();
      moment.failure = this.#lastFailure;
    }
    return this.#totals.tickCount > ticksBefore;
  }

  /** Why the source is silent; null when it is not. */
  #read(moment: OpenMoment | null): string | null {
    const { source, clock } = this.#host;
    this.#placeWaiting();
    const monotonicNs = clock.monotonicNs();
    const around = source.readAround === undefined ? readNow(source) : source.readAround(monotonicNs);
    this.#note(around);
    const point = { monotonicNs, ...cpuPoint(this.#host) };
    if (moment === null) {
      // What began before this and waits for its reading has to be placed first.
      // In a silence, joules up to its beginning would meet the CPU time of now: its end brings both.
      const canAdvance = around !== null && around.silence === null && this.#waiting.size === 0;
      if (canAdvance) this.#advanceTo({ ...point, reading: around.before });
    } else if (around === null || !this.#place(moment, point, around)) {
      this.#waiting.set(moment, { moment, point });
    }
    return around?.silence ?? null;
  }

  #placeWaiting(): void {
    for (const { moment, point } of this.#waiting.values()) {
      const around = this.#host.source.readAround?.(point.monotonicNs) ?? null;
      this.#note(around);
      if (around === null) return;
      if (this.#place(moment, point, around)) this.#waiting.delete(moment);
    }
  }

  #note(around: ReadingsAround | null): void {
    if (around !== null) this.#isSilent = around.silence !== null;
  }

  /** Nothing will follow: what is known of the time before a silence counts now. */
  #takeWhatIsLeft(): void {
    const { source, clock } = this.#host;
    if (!this.#isSilent) return;
    try {
      const around = source.readAround?.(clock.monotonicNs()) ?? null;
      if (around !== null) this.#advanceTo({ ...cpuPoint(this.#host), reading: around.before });
    } catch (error) {
      this.#lastFailure = messageOf(error);
    }
  }

  /** False when there is something to wait for. */
  #place(moment: OpenMoment, point: CpuPoint, { before, after, silence }: ReadingsAround): boolean {
    if (silence !== null) this.#silences += 1;
    const atTick = this.#advanceTo({ ...point, reading: before });
    const isShort = silence === null && moment.since?.start?.totals.tickCount === atTick.totals.tickCount;
    if (isShort && after === null) return false;
    // A span that is shorter than a tick ends with the next one.
    const edge = isShort && after !== null ? this.#advanceTo({ ...point, reading: after }) : atTick;
    moment.end ??= edge;
    moment.failure = silence;
    if (moment.begins === "nothing") return true;
    if (silence !== null) {
      if (after === null) return false;
      this.#beforeSilence = { reading: before, edge };
      // What the host drew in the silence is shared by nobody: no reading says whose CPU time was whose then.
      this.#advanceTo({ ...point, reading: after });
    }
    if (moment.begins === "a span") this.#totals = { ...this.#totals, carriedTaskCpuSeconds: 0 };
    moment.start = this.#edge();
    return true;
  }

  /** The tick up to a point; where an earlier moment has taken it already, what had been accumulated then. */
  #advanceTo(point: SamplePoint): Edge {
    const { reading } = point;
    if (reading === this.#beforeSilence?.reading) return this.#beforeSilence.edge;
    // The same reading again: there is nothing newer yet, and the next tick covers the CPU time of this one too.
    if (reading === this.#last.reading || reading.monotonicNs < this.#last.reading.monotonicNs) return this.#edge();
    // A source that fails counts it in its own gaps, which the reading after shows.
    const countedBySource = reading.gaps - this.#last.reading.gaps;
    this.#uncountedFailures = Math.max(0, this.#uncountedFailures - countedBySource);
    this.#totals = addTick(this.#totals, tickBetween(this.#last, point), this.#idleWatts);
    this.#last = point;
    return this.#edge();
  }

  #edge(): Edge {
    return { totals: this.#totals, gaps: this.gaps };
  }
}

function readNow(source: EnergySource): ReadingsAround {
  const reading = source.read();
  return { before: reading, after: reading, silence: null };
}

function cpuPoint(host: SampledHost): CpuPoint {
  return { hostBusyCpuSeconds: host.hostBusyCpuSeconds(), taskCpuSeconds: host.taskCpuSeconds() };
}

function tickBetween(earlier: SamplePoint, later: SamplePoint) {
  return {
    durationSeconds: secondsFromNanoseconds(countedNs(later.reading) - countedNs(earlier.reading)),
    hostJoules: Number(later.reading.hostMicrojoules - earlier.reading.hostMicrojoules) / microjoulesPerJoule,
    hostBusyCpuSeconds: later.hostBusyCpuSeconds - earlier.hostBusyCpuSeconds,
    taskCpuSeconds: later.taskCpuSeconds - earlier.taskCpuSeconds,
  };
}

/** Time that the joules of a source are of, up to a reading. */
function countedNs({ monotonicNs, uncountedNs = 0n }: EnergyReading): bigint {
  return monotonicNs - uncountedNs;
}
