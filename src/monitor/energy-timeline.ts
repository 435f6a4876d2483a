import { wattHoursFromJoules } from "../units.ts";

/** Energy of a task in a part of its span, as the carbon estimator weighs intensities with it. */
export interface TimedEnergy {
  readonly startMs: number;
  readonly endMs: number;
  /** Watt-hours, 0 or more. */
  readonly energyWh: number;
}

/** Grid intensities have periods of five minutes at the least: finer parts would weigh nothing else. */
const shortestPartMs = 60_000;

/** Some seventeen hours of minutes; then the parts become twice as long, and so on: memory stays bounded however long a run is. */
const maximumParts = 1024;

/** When a task's energy was used. Parts are at least a minute long, and twice as long whenever there are too many. */
export class EnergyTimeline {
  readonly #parts: TimedEnergy[] = [];
  #partMs = shortestPartMs;
  #openMs: number;
  #openJoules = 0;
  #reachedMs: number;
  #reachedJoules = 0;

  constructor(startMs: number) {
    this.#openMs = startMs;
    this.#reachedMs = startMs;
  }

  /** @param taskJoules the task's joules since its start; a difference of two readings may shrink a little */
  advanceTo(timeMs: number, taskJoules: number): void {
    if (timeMs <= this.#reachedMs) return;
    this.#reachedMs = timeMs;
    this.#reachedJoules = taskJoules;
    if (timeMs - this.#openMs < this.#partMs) return;
    this.#parts.push(this.#openPart());
    this.#openMs = timeMs;
    this.#openJoules = taskJoules;
    if (this.#parts.length > maximumParts) this.#halve();
  }

  /** Disjoint and in order, up to the last reading. */
  get parts(): readonly TimedEnergy[] {
    return this.#reachedMs > this.#openMs ? [...this.#parts, this.#openPart()] : [...this.#parts];
  }

  #openPart(): TimedEnergy {
    const joules = Math.max(0, this.#reachedJoules - this.#openJoules);
    return { startMs: this.#openMs, endMs: this.#reachedMs, energyWh: wattHoursFromJoules(joules) };
  }

  #halve(): void {
    this.#partMs *= 2;
    const merged: TimedEnergy[] = [];
    for (let index = 0; index < this.#parts.length; index += 2) {
      const [first, second] = this.#parts.slice(index, index + 2);
      if (first === undefined) continue;
      merged.push(
        second === undefined
          ? first
          : { startMs: first.startMs, endMs: second.endMs, energyWh: first.energyWh + second.energyWh },
      );
    }
    this.#parts.splice(0, this.#parts.length, ...merged);
  }
}
