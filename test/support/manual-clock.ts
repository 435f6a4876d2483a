import type { Clock } from "../../src/clock.ts";

/** A clock that moves only when the test says so. */
export interface ManualClock extends Clock {
  advanceSeconds(seconds: number): void;
}

export function manualClock(): ManualClock {
  let nowNs = 1_000_000_000n;
  return {
    wallMs: () => Number(nowNs / 1_000_000n),
    monotonicNs: () => nowNs,
    advanceSeconds: (seconds) => {
      nowNs += BigInt(Math.round(seconds * 1e9));
    },
  };
}
