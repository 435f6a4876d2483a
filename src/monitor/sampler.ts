import { type AttributionTotals, addTick, zeroTotals } from "../attribution/accumulator.ts";
import type { Clock } from "../clock.ts";
import type { EnergyReading, EnergySource } from "../energy/source.ts";
import { messageOf } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";

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

interface SamplePoint {
  readonly reading: EnergyReading;
  readonly hostBusyCpuSeconds: number;
  readonly taskCpuSeconds: number;
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
  /** Failed readings that no later reading of the source has counted itself. */
  #uncountedFailures = 0;
  #lastFailure: string | null = null;
  #closed = false;

  /** Takes the baseline reading. Throws when the host cannot be read at all. */
  constructor(host: SampledHost, idleWatts: number) {
    this.#host = host;
    this.#idleWatts = idleWatts;
    this.#last = takePoint(host);
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

  get idleWatts(): number {
    return this.#idleWatts;
  }

  /** A new baseline counts from the next tick on. */
  setIdleWatts(idleWatts: number): void {
    this.advance();
    this.#idleWatts = idleWatts;
  }

  /** One tick. False when something could not be read: then nothing was added, and the next tick covers this one too. */
  advance(): boolean {
    if (this.#closed) return false;
    let point: SamplePoint;
    try {
      point = takePoint(this.#host);
    } catch (error) {
      this.#uncountedFailures += 1;
      this.#lastFailure = messageOf(error);
      return false;
    }
    this.#lastFailure = null;
    // The same reading again: the source has nothing newer yet, and the next tick covers the CPU time of this one too.
    if (point.reading === this.#last.reading) return false;
    // A source that fails counts it in its own gaps, which the reading after shows.
    const countedBySource = point.reading.gaps - this.#last.reading.gaps;
    this.#uncountedFailures = Math.max(0, this.#uncountedFailures - countedBySource);
    this.#totals = addTick(this.#totals, tickBetween(this.#last, point), this.#idleWatts);
    this.#last = point;
    return true;
  }

  /**
   * One tick, after which another task's span begins: CPU time that the host's clock has not shown yet is not claimed from
   * the energy of that span.
   */
  advanceToNewSpan(): boolean {
    const succeeded = this.advance();
    this.#totals = { ...this.#totals, carriedTaskCpuSeconds: 0 };
    return succeeded;
  }

  /** Takes a last reading and closes the source. The totals stay; later ticks add nothing. */
  close(): void {
    if (this.#closed) return;
    this.advance();
    this.#closed = true;
    this.#lastFailure = "the logger was closed";
    this.#host.source.close();
  }
}

function takePoint(host: SampledHost): SamplePoint {
  return {
    reading: host.source.read(),
    hostBusyCpuSeconds: host.hostBusyCpuSeconds(),
    taskCpuSeconds: host.taskCpuSeconds(),
  };
}

function tickBetween(earlier: SamplePoint, later: SamplePoint) {
  return {
    durationSeconds: secondsFromNanoseconds(later.reading.monotonicNs - earlier.reading.monotonicNs),
    hostJoules: Number(later.reading.hostMicrojoules - earlier.reading.hostMicrojoules) / microjoulesPerJoule,
    hostBusyCpuSeconds: later.hostBusyCpuSeconds - earlier.hostBusyCpuSeconds,
    taskCpuSeconds: later.taskCpuSeconds - earlier.taskCpuSeconds,
  };
}
