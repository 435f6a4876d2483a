import type { TimeInterval } from "../intensity.ts";
import { dayMs, hourMs } from "../period-source.ts";
import type { DayEntry } from "./day-entry.ts";

/** How long a value that may still change is used before it is asked for again: the newest hours change most. */
const newestMs = 2 * hourMs;
const lifeOfNewestMs = 5 * 60_000;
const lifeOfProvisionalMs = hourMs;
/** How long a value's absence is believed once the service has had time to fill it. */
const lifeOfOldGapMs = dayMs;

/**
 * The hours of an interval that must be asked for: those that are not known, and those whose values may have been revised.
 * A value that was final when it was fetched is never asked for again.
 */
export function staleHours(entry: DayEntry, interval: TimeInterval, settleMs: number, nowMs: number): TimeInterval[] {
  const stale: TimeInterval[] = [];
  for (let startMs = interval.startMs; startMs < interval.endMs; startMs += hourMs) {
    const hour = { startMs, endMs: Math.min(startMs + hourMs, interval.endMs) };
    if (isFresh(entry, hour, settleMs, nowMs)) continue;
    const last = stale.at(-1);
    if (last?.endMs === hour.startMs) stale[stale.length - 1] = { startMs: last.startMs, endMs: hour.endMs };
    else stale.push(hour);
  }
  return stale;
}

function isFresh(entry: DayEntry, hour: TimeInterval, settleMs: number, nowMs: number): boolean {
  const inside = entry.periods.filter(({ startMs, endMs }) => startMs < hour.endMs && endMs > hour.startMs);
  let coveredMs = 0;
  for (const { startMs, endMs, isProvisional, batch } of inside) {
    if (isProvisional && isOlderThan(batch.retrievedAtMs, lifeOf(endMs, batch.retrievedAtMs), nowMs)) return false;
    coveredMs += Math.min(endMs, hour.endMs) - Math.max(startMs, hour.startMs);
  }
  if (coveredMs >= hour.endMs - hour.startMs) return true;
  return entry.batches.some(({ startMs, endMs, retrievedAtMs }) => {
    const isAsked = startMs <= hour.startMs && endMs >= hour.endMs;
    const isOld = hour.endMs + settleMs < retrievedAtMs;
    const lifeMs = isOld ? lifeOfOldGapMs : lifeOf(hour.endMs, retrievedAtMs);
    return isAsked && !isOlderThan(retrievedAtMs, lifeMs, nowMs);
  });
}

function lifeOf(periodEndMs: number, retrievedAtMs: number): number {
  return periodEndMs > retrievedAtMs - newestMs ? lifeOfNewestMs : lifeOfProvisionalMs;
}

/** A retrieval in the future was made by a clock that has been set back since: it tells nothing about its age. */
function isOlderThan(retrievedAtMs: number, lifeMs: number, nowMs: number): boolean {
  return nowMs - retrievedAtMs > lifeMs || nowMs < retrievedAtMs;
}
