import { type Clock, isoFromWallMs } from "../../clock.ts";

type Details = Readonly<Record<string, unknown>>;

export type Log = ReturnType<typeof jsonLog>;

/** One JSON object a line, for the journal: time, level, event, message, and what belongs to the event. */
export function jsonLog(write: (line: string) => void, clock: Clock) {
  return (level: "info" | "warn" | "error", event: string, message: string, details: Details = {}): void =>
    write(`${JSON.stringify({ time: isoFromWallMs(clock.wallMs()), level, event, message, ...details })}\n`);
}
