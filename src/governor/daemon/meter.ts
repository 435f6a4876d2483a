import type { Clock } from "../../clock.ts";
import {
  advanceCounter,
  type CounterRule,
  type CounterState,
  microjoulesOf,
  missReading,
  unreadCounter,
} from "../../energy/counter.ts";
import { type Counter, problemOf, reasonOf, underKnownIds } from "./counters.ts";

/** A counter with what it has counted since the governor's id was given. */
export interface Domain {
  readonly counter: Counter;
  state: CounterState;
  /** The state before the last tick. */
  before: CounterState;
  /** Why the last reading failed; null when it succeeded. */
  problem: string | null;
}

/** What it counted before it was found is unknown. */
export const lateCounter = missReading(unreadCounter);

export type Meter = ReturnType<typeof openMeter>;

/** @param saved what each domain had counted, by id, when an earlier process of this governor stopped. */
export function openMeter(counters: readonly Counter[], saved: ReadonlyMap<string, CounterState>, clock: Clock) {
  const domains = counters.map((counter) => domainOf(counter, saved.get(counter.id) ?? unreadCounter));
  const adoptOne = (counter: Counter): Domain | null => {
    const index = domains.findIndex((domain) => domain.counter.id === counter.id);
    const known = domains[index];
    const isReplaceable =
      known === undefined || (problemOf(known.counter) !== null && hasSameUnit(known.counter.rule, counter.rule));
    if (!isReplaceable || problemOf(counter) !== null) {
      counter.close();
      return null;
    }
    known?.counter.close();
    // What silicon is counted already stays so.
    const isShown = domains.some((other) => other.counter.counted && other.counter.silicon === counter.silicon);
    const counted = known?.counter.counted ?? (counter.counted && !isShown);
    const adopted = domainOf({ ...counter, counted }, known?.state ?? lateCounter);
    domains[known === undefined ? domains.length : index] = adopted;
    return adopted;
  };
  return {
    /** Never shorter and never reordered: a domain that vanished keeps its place and its total. */
    domains,
    /** Reads every counter; returns those whose `problem` changed. */
    read: () => domains.filter((domain) => readDomain(domain, clock)),
    /**
     * Takes in counters that were found anew. A known counter that can still be read is kept, since a process that has given up
     * root cannot open another; one that cannot is replaced, if the new one can be read and counts in the same unit.
     */
    adopt: (found: readonly Counter[]) => {
      const known = domains.map(({ counter }) => counter);
      return underKnownIds(found, known).flatMap((counter) => adoptOne(counter) ?? []);
    },
    /** Counters may have been reset unseen: the next readings are new beginnings, and what was between is a gap. */
    breakOff: (): void => {
      for (const domain of domains) domain.state = { ...missReading(domain.state), raw: null };
    },
    close: (): void => {
      for (const { counter } of domains) counter.close();
    },
  };
}

export function totalMicrojoules({ counter, state }: Domain): bigint {
  return microjoulesOf(state, counter.rule);
}

/** Microjoules that the last tick added. */
export function deltaMicrojoules({ counter, state, before }: Domain): bigint {
  return microjoulesOf(state, counter.rule) - microjoulesOf(before, counter.rule);
}

/** Gaps of the domains that make up the host's energy. */
export function countedGaps(domains: readonly Domain[]): number {
  return domains.reduce((sum, { counter, state }) => sum + (counter.counted ? state.gaps : 0), 0);
}

function domainOf(counter: Counter, state: CounterState): Domain {
  return { counter, state, before: state, problem: null };
}

/** Each counter has its own time: they are read one after the other. */
function readDomain(domain: Domain, clock: Clock): boolean {
  domain.before = domain.state;
  const problemBefore = domain.problem;
  try {
    const raw = domain.counter.readRaw();
    domain.state = advanceCounter(domain.state, domain.counter.rule, raw, clock.monotonicNs());
    domain.problem = null;
  } catch (error) {
    domain.state = missReading(domain.state);
    domain.problem = reasonOf(error);
  }
  return domain.problem !== problemBefore;
}

type Unit = Omit<CounterRule, "limits">;

export function hasSameUnit(left: Unit, right: Unit): boolean {
  const isSameUnit = left.unitNanojoules === right.unitNanojoules && left.modulus === right.modulus;
  return isSameUnit && (left.countsPerUnit ?? 1n) === (right.countsPerUnit ?? 1n);
}
