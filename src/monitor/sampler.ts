import { type AttributionTotals, addTick, zeroTotals } from "../attribution/accumulator.ts";
import type { Clock } from "../clock.ts";
import type { EnergyReading, EnergySource } from "../energy/source.ts";
import { secondsFromNanoseconds } from "../units.ts";

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
  #host: SampledHost;
  #idleWatts: number;
  #last: SamplePoint;
  #totals: AttributionTotals = zeroTotals;
  #failedReadings = 0;

  /** Takes the baseline reading. Throws when the host cannot be read at all. */
  constructor(host: SampledHost, idleWatts: number) {
    this.#host = host;
    this.#idleWatts = idleWatts;
    this.#last = takePoint(host);
  }

  get totals(): AttributionTotals {
    return this.#totals;
  }

  /** Readings that failed since the sampler was opened. */
  get failedReadings(): number {
    return this.#failedReadings;
  }

  /** Steps of the counters that were implausible or unreadable since the source was opened: they added nothing. */
  get sourceGaps(): number {
    return this.#last.reading.gaps;
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
    let point: SamplePoint;
    try {
      point = takePoint(this.#host);
    } catch {
      this.#failedReadings += 1;
      return false;
    }
    // The same reading again: the source has nothing newer yet, and the next tick covers the CPU time of this one too.
    if (point.reading === this.#last.reading) return false;
    this.#totals = addTick(this.#totals, tickBetween(this.#last, point), this.#idleWatts);
    this.#last = point;
    return true;
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
