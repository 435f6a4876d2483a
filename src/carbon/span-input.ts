import { CarbonOpsError } from "../errors.ts";
import type { TimeInterval } from "../intensity/intensity.ts";

/** ISO 8601 with a time zone ("2026-01-01T10:00:00Z"), a Date, or milliseconds since 1970-01-01T00:00:00Z. */
export type Timestamp = string | Date | number;

/** A day alone is midnight UTC; a time needs its zone, since a local time means another instant on every host. */
const isoPattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/** Throws INPUT_INVALID when a time is malformed or the end lies before the start. */
export function intervalOf(startTs: Timestamp, endTs: Timestamp): TimeInterval {
  const startMs = millisecondsOf("startTs", startTs);
  const endMs = millisecondsOf("endTs", endTs);
  if (endMs < startMs) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `endTs (${new Date(endMs).toISOString()}) lies before startTs (${new Date(startMs).toISOString()}); exchange them.`,
    );
  }
  return { startMs, endMs };
}

/** Null when neither time is given; throws INPUT_INVALID when only one is. */
export function optionalIntervalOf(startTs: Timestamp | undefined, endTs: Timestamp | undefined): TimeInterval | null {
  if (startTs === undefined && endTs === undefined) return null;
  if (startTs === undefined || endTs === undefined) {
    throw new CarbonOpsError("INPUT_INVALID", "startTs and endTs belong together: give both or neither.");
  }
  return intervalOf(startTs, endTs);
}

export function millisecondsOf(name: string, timestamp: Timestamp): number {
  const milliseconds = typeof timestamp === "string" ? parsedIso(timestamp) : Number(timestamp);
  if (!Number.isNaN(new Date(milliseconds).getTime())) return milliseconds;
  throw new CarbonOpsError(
    "INPUT_INVALID",
    `${name} is ${String(timestamp)}, but must be an ISO 8601 time with its zone (2026-01-01T10:00:00Z), a Date or epoch milliseconds.`,
  );
}

function parsedIso(text: string): number {
  return isoPattern.test(text) ? Date.parse(text) : Number.NaN;
}
