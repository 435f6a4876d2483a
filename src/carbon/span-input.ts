import { isDate } from "node:util/types";
import type { TimeInterval } from "../intensity/intensity.ts";
import { invalidInput, shown } from "./checked-number.ts";

/** ISO 8601 with a time zone ("2026-01-01T10:00:00Z"), a Date, or milliseconds since 1970-01-01T00:00:00Z. */
export type Timestamp = string | Date | number;

/** A day alone is midnight UTC; a time needs its zone, since a local time means another instant on every host. */
const isoPattern = /^(?<day>\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/** Throws INPUT_INVALID when a time is malformed or the end lies before the start. */
export function intervalOf(startTs: Timestamp, endTs: Timestamp): TimeInterval {
  const startMs = millisecondsOf("startTs", startTs);
  const endMs = millisecondsOf("endTs", endTs);
  if (endMs < startMs) {
    throw invalidInput(
      `endTs (${new Date(endMs).toISOString()}) lies before startTs (${new Date(startMs).toISOString()}); exchange them.`,
    );
  }
  return { startMs, endMs };
}

/** Null when neither time is given; throws INPUT_INVALID when only one is. */
export function optionalIntervalOf(startTs: Timestamp | undefined, endTs: Timestamp | undefined): TimeInterval | null {
  if (startTs === undefined && endTs === undefined) return null;
  if (startTs === undefined || endTs === undefined) {
    throw invalidInput("startTs and endTs belong together: give both or neither.");
  }
  return intervalOf(startTs, endTs);
}

/** The span from a start on; throws INPUT_INVALID when its end is no date any more. */
export function intervalFrom(startTs: Timestamp, durationSeconds: number): TimeInterval {
  const startMs = millisecondsOf("startTs", startTs);
  return { startMs, endMs: millisecondsOf("startTs plus the duration", startMs + durationSeconds * 1000) };
}

/** Times written to the second may make a span a second longer or shorter than a duration that was measured. */
const toleratedDifferenceSeconds = 1;

export function isAsLongAs({ startMs, endMs }: TimeInterval, durationSeconds: number): boolean {
  return Math.abs((endMs - startMs) / 1000 - durationSeconds) <= toleratedDifferenceSeconds;
}

function millisecondsOf(name: string, timestamp: unknown): number {
  const milliseconds = parsedTimestamp(timestamp);
  if (!Number.isNaN(new Date(milliseconds).getTime())) return milliseconds;
  throw invalidInput(
    `${name} is ${shown(timestamp)}, but must be an ISO 8601 time with its zone (2026-01-01T10:00:00Z), a day (its midnight UTC), a Date or epoch milliseconds.`,
  );
}

/** NaN for anything that is no time. */
function parsedTimestamp(timestamp: unknown): number {
  if (typeof timestamp === "string") return parsedIso(timestamp);
  if (typeof timestamp === "number") return timestamp;
  return isDate(timestamp) ? timestamp.getTime() : Number.NaN;
}

function parsedIso(text: string): number {
  const day = isoPattern.exec(text)?.groups?.["day"];
  return day !== undefined && isInCalendar(day) ? Date.parse(text) : Number.NaN;
}

/** `Date.parse` takes 30 February for 2 March. */
function isInCalendar(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}
