import type { TimeInterval } from "../intensity/intensity.ts";
import { checkedNumber, energyRange, invalidInput, shown } from "./checked-number.ts";

/** Energy that is known to have fallen into a part of a span, half-open [startMs, endMs) in milliseconds since 1970. */
export interface EnergyAtTime {
  readonly startMs: number;
  readonly endMs: number;
  /** Watt-hours, 0 or more. Only the proportions count: what they sum to is the energy of the estimate. */
  readonly energyWh: number;
}

/** Clocks are written to the millisecond, and a tick may have begun a moment before its span. */
const toleratedOverhangMs = 1000;

/**
 * The parts in order of time, cut to the span. Throws INPUT_INVALID when one is no part of the span, has no length, is negative
 * or overlaps another.
 */
export function checkedEnergyByTime(parts: unknown, span: TimeInterval): readonly EnergyAtTime[] {
  if (!Array.isArray(parts)) throw invalidInput(`energyByTime is ${shown(parts)}, but must be a list.`);
  const sorted = parts.map(checkedPart).sort((left, right) => left.startMs - right.startMs);
  let previousEndMs = Number.NEGATIVE_INFINITY;
  for (const { startMs, endMs } of sorted) {
    if (startMs < previousEndMs) {
      throw invalidInput(
        `energyByTime has parts that overlap at ${timeText(startMs)}, so energy would count twice; make them disjoint.`,
      );
    }
    if (startMs < span.startMs - toleratedOverhangMs || endMs > span.endMs + toleratedOverhangMs) {
      throw invalidInput(
        `energyByTime has a part from ${timeText(startMs)} to ${timeText(endMs)} outside the span; leave it out or widen the span.`,
      );
    }
    previousEndMs = endMs;
  }
  return sorted
    .map(({ startMs, endMs, energyWh }) => ({
      startMs: Math.max(startMs, span.startMs),
      endMs: Math.min(endMs, span.endMs),
      energyWh,
    }))
    .filter(({ startMs, endMs }) => endMs > startMs);
}

function checkedPart(part: unknown, index: number): EnergyAtTime {
  const name = `energyByTime[${index}]`;
  if (typeof part !== "object" || part === null) {
    throw invalidInput(`${name} is ${shown(part)}, but must be { startMs, endMs, energyWh }.`);
  }
  const [startMs, endMs] = [
    checkedTime(`${name}.startMs`, Reflect.get(part, "startMs")),
    checkedTime(`${name}.endMs`, Reflect.get(part, "endMs")),
  ];
  if (endMs <= startMs) {
    throw invalidInput(`${name} ends at ${timeText(endMs)}, but must end after its start at ${timeText(startMs)}.`);
  }
  return { startMs, endMs, energyWh: checkedNumber(`${name}.energyWh`, Reflect.get(part, "energyWh"), energyRange) };
}

function checkedTime(name: string, value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(new Date(value).getTime())) return value;
  throw invalidInput(`${name} is ${shown(value)}, but must be milliseconds since 1970-01-01T00:00:00Z.`);
}

function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/**
 * Watt-hours in each of the sorted, disjoint pieces: a part's energy is spread evenly over its own time. One pass over both.
 * Without parts, or where they hold nothing, every millisecond counts alike.
 */
export function energyInPieces(
  pieces: readonly TimeInterval[],
  parts: readonly EnergyAtTime[] | null,
): readonly number[] {
  const lengths = pieces.map(({ startMs, endMs }) => endMs - startMs);
  if (parts === null) return lengths;
  const energies = lengths.map(() => 0);
  let next = 0;
  for (const [index, piece] of pieces.entries()) {
    for (let at = next; at < parts.length; at += 1) {
      const part = parts[at];
      if (part === undefined || part.startMs >= piece.endMs) break;
      const overlapMs = Math.min(part.endMs, piece.endMs) - Math.max(part.startMs, piece.startMs);
      if (overlapMs > 0) {
        energies[index] = (energies[index] ?? 0) + (part.energyWh * overlapMs) / (part.endMs - part.startMs);
      }
      if (part.endMs <= piece.endMs) next = at + 1;
    }
  }
  return energies.some((energy) => energy > 0) ? energies : lengths;
}
