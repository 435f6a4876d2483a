import { secondsFromNanoseconds } from "../units.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import { EnergyParts } from "./energy-parts.ts";
import type { TimedEnergy } from "./energy-timeline.ts";
import {
  type ClosedInterval,
  type IntervalEdge,
  type ProcessPart,
  processParts,
  TaskIntervals,
} from "./task-intervals.ts";

/** The calls of a name in a span, as in `NameInterval`. */
interface CallsOfSpan {
  readonly started: number;
  readonly watched: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly durationSeconds: number;
  readonly cpuSeconds: number;
}

/** What a record is made of, before anybody knows its grams. */
export interface PartOfSpan {
  readonly processPart: "task" | ProcessPart;
  /** Of the tasks; empty for other parts of the process. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Null for what is no task's. */
  readonly calls: CallsOfSpan | null;
  readonly cpuSeconds: number;
  /** Null where no energy was read. */
  readonly energy: EnergyFigures | null;
  /** When it was used; empty where that is taken as even. */
  readonly energyByTime: readonly TimedEnergy[];
}

export interface RecordSpan {
  /** Those that did anything. */
  readonly parts: readonly PartOfSpan[];
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

/** What asks for a span's end: the time, somebody who wants everything written now, or the end of the process. */
export type SpanEnd = "time" | "flush" | "last";

/** Periods of grid intensities are five minutes at the least, and a record holds at most 96 parts of its energy. */
const shortestPartSeconds = 300;
const mostParts = 90;

/**
 * Sums what a process used over the spans of its records, which are longer than the intervals that sinks take. Like those, a span is the
 * difference of two reports, so that all spans together are the last report; between its ends it keeps when the energy was used. Child
 * processes are left out: those that record themselves would be counted twice.
 */
export class RecordSpans {
  readonly #spanSeconds: number;
  readonly #partMs: number;
  readonly #intervals: TaskIntervals;
  #from: IntervalEdge;
  #parts: EnergyParts;
  /** Up to here the energy is known, in milliseconds since 1970. */
  #knownMs: number;
  #hasTasks = false;
  #hasEnded = false;

  constructor(first: IntervalEdge, spanSeconds: number) {
    this.#spanSeconds = spanSeconds;
    this.#partMs = 1000 * shortestPartSeconds * Math.ceil(spanSeconds / mostParts / shortestPartSeconds);
    this.#intervals = new TaskIntervals(first);
    this.#from = first;
    this.#parts = new EnergyParts(this.#partMs);
    this.#knownMs = first.wallMs;
  }

  /** Takes the interval that ended at this edge. Null where the span goes on. */
  take(closed: ClosedInterval, edge: IntervalEdge, asked: SpanEnd): RecordSpan | null {
    const elapsedSeconds = secondsFromNanoseconds(edge.monotonicNs - this.#from.monotonicNs);
    if (closed.hasEnergy) this.#keep(closed, this.#from.wallMs + 1000 * elapsedSeconds);
    this.#hasTasks ||= closed.interval.names.length > 0;
    // Timers may be a moment early.
    const isOver = elapsedSeconds + closed.interval.durationSeconds / 2 >= this.#spanSeconds;
    return this.#ends(asked, isOver, edge) ? this.#close(edge) : null;
  }

  /**
   * A span waits for its energy where there is a source, so that no call is recorded without it. What a process did before its first task is
   * recorded when its time is over, and not by a program that ends before.
   */
  #ends(asked: SpanEnd, isOver: boolean, { measured }: IntervalEdge): boolean {
    if (asked === "last") return isOver || this.#hasTasks || this.#hasEnded;
    const hasWhatCanBeKnown = measured === null || !this.#parts.isEmpty;
    return hasWhatCanBeKnown && (isOver || (asked === "flush" && this.#hasTasks));
  }

  #keep({ interval }: ClosedInterval, nowMs: number): void {
    this.#parts.add(this.#knownMs, nowMs, [
      ...interval.names.map(({ name, marginalJoules }) => [keyOf("task", name), marginalJoules] as const),
      ...processParts.map((part) => [keyOf(part, ""), interval[part].marginalJoules] as const),
    ]);
    this.#knownMs = nowMs;
  }

  #close(edge: IntervalEdge): RecordSpan {
    const { interval, energies, partEnergies, energySinceMs, endMs } = this.#intervals.close(edge);
    const tasks = interval.names.map((figures, index): PartOfSpan => {
      const {
        name,
        labels = {},
        cpuSeconds,
        started,
        watched,
        completed,
        failed,
        cancelled,
        durationSeconds,
      } = figures;
      return {
        processPart: "task",
        name,
        labels,
        calls: { started, watched, completed, failed, cancelled, durationSeconds, cpuSeconds },
        cpuSeconds,
        energy: energies[index] ?? null,
        energyByTime: this.#parts.of(keyOf("task", name)),
      };
    });
    const others = processParts.flatMap((part): readonly PartOfSpan[] => {
      const energy = partEnergies[part];
      const { cpuSeconds, marginalJoules } = interval[part];
      if (energy === null || (cpuSeconds === 0 && marginalJoules === 0)) return [];
      const energyByTime = this.#parts.of(keyOf(part, ""));
      return [{ processPart: part, name: "", labels: {}, calls: null, cpuSeconds, energy, energyByTime }];
    });
    this.#from = edge;
    this.#parts = new EnergyParts(this.#partMs);
    this.#knownMs = edge.wallMs;
    this.#hasTasks = false;
    this.#hasEnded = true;
    return { parts: [...tasks, ...others], startMs: energySinceMs, endMs };
  }
}

function keyOf(part: PartOfSpan["processPart"], name: string): string {
  return `${part} ${name}`;
}
