import type { EnergyReading, EnergySource } from "../energy/source.ts";
import { secondsFromNanoseconds } from "../units.ts";

/** Looks that are left out after a failed one: a source counts failures, and five a second would say nothing more. */
const looksLeftOut = 9;

/** What the host draws above its idle baseline right now: between the last two readings that differ. */
export class ActivePower {
  readonly #source: Pick<EnergySource, "read">;
  readonly #idleWatts: () => number;
  #last: EnergyReading | null = null;
  #watts: number | null = null;
  #leftOut = 0;

  constructor(source: Pick<EnergySource, "read">, idleWatts: () => number) {
    this.#source = source;
    this.#idleWatts = idleWatts;
  }

  /** As it was at the last look. */
  get watts(): number | null {
    return this.#watts;
  }

  /** Watts; at least a hundredth of all that the host draws, so that the ticks of a window stay comparable. Null while not known. */
  look(): number | null {
    if (this.#leftOut > 0) {
      this.#leftOut -= 1;
      return this.#watts;
    }
    try {
      const reading = this.#source.read();
      const seconds = this.#last === null ? 0 : secondsFromNanoseconds(reading.monotonicNs - this.#last.monotonicNs);
      if (this.#last !== null && seconds > 0) {
        const hostWatts = Number(reading.hostMicrojoules - this.#last.hostMicrojoules) / 1e6 / seconds;
        this.#watts = Math.max(hostWatts - this.#idleWatts(), hostWatts / 100);
      }
      if (this.#last === null || seconds > 0) this.#last = reading;
    } catch {
      this.#leftOut = looksLeftOut;
    }
    return this.#watts;
  }
}
