import type { Clock } from "../../clock.ts";

export interface Polling {
  /** Ticks left out because an earlier one, or the machine, took longer than the interval. */
  readonly skippedTicks: number;
  /** How late ticks came, in milliseconds, over the last minute or so; null before the first. */
  lateness(): { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | null;
  stop(): void;
}

const latenessKept = 1024;

/**
 * Calls `tick` now, and then at start + n x interval: each timer is set for an absolute time, so that lateness does not add up as
 * it does with setInterval. What was missed is left out rather than made up for: counters lose nothing by it.
 */
export function startPolling(intervalSeconds: number, clock: Clock, tick: () => void): Polling {
  const intervalNs = BigInt(Math.round(intervalSeconds * 1e9));
  const startNs = clock.monotonicNs();
  const latenessMs: number[] = [];
  let last = -1n;
  let skippedTicks = 0;
  let timer: NodeJS.Timeout | null = null;

  const schedule = (): void => {
    const nowNs = clock.monotonicNs();
    const next = bigger(last + 1n, (nowNs - startNs) / intervalNs + 1n);
    skippedTicks += Number(next - last - 1n);
    const dueNs = startNs + next * intervalNs;
    timer = setTimeout(
      () => {
        last = next;
        latenessMs.push(Number(clock.monotonicNs() - dueNs) / 1e6);
        if (latenessMs.length > latenessKept) latenessMs.shift();
        tick();
        schedule();
      },
      millisecondsOf(dueNs - nowNs),
    );
  };

  tick();
  last = 0n;
  schedule();
  return {
    get skippedTicks() {
      return skippedTicks;
    },
    lateness: () => {
      const sorted = latenessMs.toSorted((left, right) => left - right);
      const quantile = (level: number): number => sorted[Math.floor(level * (sorted.length - 1))] ?? 0;
      if (sorted.length === 0) return null;
      return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), maxMs: quantile(1) };
    },
    stop: () => {
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** Rounded up: a timer that fires early would find the counters of the tick before. */
function millisecondsOf(nanoseconds: bigint): number {
  return Math.max(0, Number((nanoseconds + 999_999n) / 1_000_000n));
}

function bigger(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
