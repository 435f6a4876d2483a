/** Time, injected: wall time names an instant, monotonic time measures every duration. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z; may jump when somebody sets the clock. */
  wallMs(): number;
  /** Nanoseconds since an arbitrary instant; never goes backwards (CLOCK_MONOTONIC). */
  monotonicNs(): bigint;
}

/** The clocks of this machine, held as they are now: an application's tests may put others in their place. */
export const systemClock: Clock = { wallMs: Date.now, monotonicNs: process.hrtime.bigint.bind(process.hrtime) };

/** ISO 8601 in UTC with milliseconds: "2026-01-01T00:00:00.000Z". */
export function isoFromWallMs(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
