import { type Clock, isoFromWallMs } from "../../clock.ts";

export type LogLevel = "info" | "warn" | "error";

/** One JSON object a line, for the journal: time, level, event, message, and what belongs to the event. */
export type Log = (
  level: LogLevel,
  event: string,
  message: string,
  details?: Readonly<Record<string, unknown>>,
) => void;

export function jsonLog(write: (line: string) => void, clock: Clock): Log {
  return (level, event, message, details = {}) =>
    write(`${JSON.stringify({ time: isoFromWallMs(clock.wallMs()), level, event, message, ...details })}\n`);
}
