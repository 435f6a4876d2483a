import type { Clock } from "../../clock.ts";

export type Polling = ReturnType<typeof startPolling>;

const latenessKept = 1024;

/**
 * Calls `tick` now, and then at start + n x interval: each timer is set for an absolute time, so that lateness does not add up as
 * it does with setInterval. What was missed is left out rather than made up for: counters lose nothing by it.
 */
export function startPolling(intervalSeconds: number, clock: Clock, tick: () => void) {
  const intervalNs = BigInt(Math.round(intervalSeconds * 1e9));
  const startNs = clock.monotonicNs();
  const latenessMs = new Float64Array(latenessKept);
  let timed = 0;
  let due = 0n;
  let skippedTicks = 0;
  let timer: NodeJS.Timeout | null = null;

  const schedule = (): void => {
    const nowNs = clock.monotonicNs();
    const last = due;
    const coming = (nowNs - startNs) / intervalNs + 1n;
    due = coming > last ? coming : last + 1n;
    skippedTicks += Number(due - last - 1n);
    // Rounded up: a timer that fires early would find the counters of the tick before.
    timer = setTimeout(onTime, Math.max(0, Number((startNs + due * intervalNs - nowNs + 999_999n) / 1_000_000n)));
  };
  const onTime = (): void => {
    latenessMs[timed % latenessKept] = Number(clock.monotonicNs() - startNs - due * intervalNs) / 1e6;
    timed += 1;
    tick();
    schedule();
  };

  tick();
  schedule();
  return {
    /** Ticks left out because an earlier one, or the machine, took longer than the interval. */
    skippedTicks: () => skippedTicks,
    /** How late ticks came, in milliseconds, over the last minute or so; null before the first. */
    lateness: () => {
      const sorted = latenessMs.slice(0, timed).toSorted();
      const quantile = (level: number): number => sorted[Math.floor(level * (sorted.length - 1))] ?? 0;
      return timed === 0 ? null : { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
    },
    stop: () => clearTimeout(timer ?? undefined),
  };
}
