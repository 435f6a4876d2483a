import { wattHoursFromJoules } from "../units.ts";
import type { TimedEnergy } from "./energy-timeline.ts";

/** Joules by name, and null where they are not known. */
export type JoulesByName = Iterable<readonly [name: string, joules: number | null]>;

/** When each of many names used its energy: parts of a span, the same for all. */
export class EnergyParts {
  readonly #partMs: number;
  readonly #edges: { readonly startMs: number; endMs: number }[] = [];
  readonly #joules = new Map<string, number[]>();

  /** @param partMs parts end at multiples of it since 1970, where grid intensities change; the last that begins before it may end later */
  constructor(partMs: number) {
    this.#partMs = partMs;
  }

  get isEmpty(): boolean {
    return this.#edges.length === 0;
  }

  /** What was used from the last moment on that is known. */
  add(startMs: number, endMs: number, joules: JoulesByName): void {
    if (!(endMs > startMs)) return;
    const last = this.#edges.at(-1);
    if (last !== undefined && Math.floor(last.startMs / this.#partMs) === Math.floor(startMs / this.#partMs)) {
      last.endMs = endMs;
    } else this.#edges.push({ startMs, endMs });
    const index = this.#edges.length - 1;
    for (const [name, each] of joules) {
      const known = this.#joules.get(name) ?? [];
      known[index] = (known[index] ?? 0) + (each ?? 0);
      this.#joules.set(name, known);
    }
  }

  /** Disjoint and in order, those that hold energy alone; empty where all of it lies in one that begins and ends with the rest. */
  of(name: string): readonly TimedEnergy[] {
    if (this.#edges.length < 2) return [];
    const joules = this.#joules.get(name) ?? [];
    return this.#edges.flatMap(({ startMs, endMs }, index) => {
      const each = joules[index] ?? 0;
      // Only the proportions count; six digits of them are a third of the text in a record.
      return each > 0 ? [{ startMs, endMs, energyWh: Number(wattHoursFromJoules(each).toPrecision(6)) }] : [];
    });
  }
}
