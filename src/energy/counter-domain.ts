import type { Clock } from "../clock.ts";
import {
  advanceCounter,
  type CounterRule,
  type CounterState,
  type DomainKind,
  microjoulesOf,
  missReading,
  unreadCounter,
} from "./counter.ts";
import type { DomainReading, EnergyReading } from "./source.ts";

/** Where a domain's count comes from. */
export interface RawCounter {
  /** The count it shows now. Throws the system's error, or one about what it found. */
  read(): bigint;
  close(): void;
}

/** A hardware counter that is being followed. */
export interface CounterDomain {
  readonly id: string;
  readonly kind: DomainKind;
  readonly rule: CounterRule;
  /** Whether it belongs to the host total by its name; whether it does in fact, `mirrorOf` decides. */
  readonly countable: boolean;
  counter: RawCounter;
  state: CounterState;
  /** The domain that it has shown the same counts as, ever since its first reading; null once they differ, or always. */
  mirrorOf: CounterDomain | null;
  /** Whether it has been compared with the domains before it, at its first good reading. */
  isCompared: boolean;
  /** Readings in a row in which it differed from `mirrorOf`. */
  differed: number;
  /** Whether the last sweep read it, and found a plausible count. */
  isFresh: boolean;
}

export function newDomain(
  described: Pick<CounterDomain, "id" | "kind" | "rule" | "countable" | "counter">,
): CounterDomain {
  return { ...described, state: unreadCounter, mirrorOf: null, isCompared: false, differed: 0, isFresh: false };
}

/** Reads each domain once, in order. Those that failed are given back and keep their state, so that they can be tried again. */
export function sweep(domains: readonly CounterDomain[], clock: Clock): CounterDomain[] {
  return domains.filter((domain) => !readDomain(domain, clock));
}

/** Counts one failed reading of these domains: the hardware counts on, the next good reading covers the time. */
export function missAll(domains: readonly CounterDomain[]): void {
  for (const domain of domains) {
    domain.state = missReading(domain.state);
    domain.isFresh = false;
  }
}

export function isCounted(domain: CounterDomain): boolean {
  return domain.countable && domain.mirrorOf === null;
}

export function energyReading(monotonicNs: bigint, domains: readonly CounterDomain[]): EnergyReading {
  const readings = domains.map(domainReading);
  const counted = readings.filter((reading) => reading.counted);
  return {
    monotonicNs,
    hostMicrojoules: counted.reduce((sum, { microjoules }) => sum + microjoules, 0n),
    domains: readings,
    gaps: counted.reduce((sum, { gaps }) => sum + gaps, 0),
  };
}

function readDomain(domain: CounterDomain, clock: Clock): boolean {
  let raw: bigint;
  try {
    raw = domain.counter.read();
  } catch {
    return false;
  }
  const { gaps } = domain.state;
  domain.state = advanceCounter(domain.state, domain.rule, raw, clock.monotonicNs());
  domain.isFresh = domain.state.gaps === gaps;
  return true;
}

function domainReading(domain: CounterDomain): DomainReading {
  const { id, kind, state, rule } = domain;
  return {
    id,
    kind,
    counted: isCounted(domain),
    microjoules: microjoulesOf(state, rule),
    wraps: state.wraps,
    gaps: state.gaps,
  };
}
