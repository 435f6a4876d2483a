import type { Clock } from "../../clock.ts";

/** Requests that a host gets at once after a rest, and per second in the long run: below the published limit of any service here. */
const burst = 10;
const perSecond = 2;

interface HostState {
  tokens: number;
  countedAtNs: bigint;
  closedUntilNs: bigint;
}

/** Keeps every host's requests under its rate, and away from a host that asked to be left alone. */
export interface HostLimits {
  /** Milliseconds to wait before the request that was just counted may start. */
  reserve(host: string): number;
  /** Milliseconds for which the host is still to be left alone; 0 when it is not. */
  closedMs(host: string): number;
  close(host: string, forMs: number): void;
}

export function hostLimits(clock: Pick<Clock, "monotonicNs">): HostLimits {
  const hosts = new Map<string, HostState>();
  const stateOf = (host: string): HostState => {
    const known = hosts.get(host);
    if (known !== undefined) return known;
    const state = { tokens: burst, countedAtNs: clock.monotonicNs(), closedUntilNs: 0n };
    hosts.set(host, state);
    return state;
  };
  return {
    reserve(host) {
      const state = stateOf(host);
      const nowNs = clock.monotonicNs();
      const gained = (Number(nowNs - state.countedAtNs) / 1e9) * perSecond;
      state.tokens = Math.min(burst, state.tokens + gained) - 1;
      state.countedAtNs = nowNs;
      return state.tokens >= 0 ? 0 : (-state.tokens / perSecond) * 1000;
    },
    closedMs(host) {
      return Math.max(0, Number(stateOf(host).closedUntilNs - clock.monotonicNs()) / 1e6);
    },
    close(host, forMs) {
      stateOf(host).closedUntilNs = clock.monotonicNs() + BigInt(Math.ceil(forMs * 1e6));
    },
  };
}
