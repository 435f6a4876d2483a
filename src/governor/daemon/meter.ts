import {
  advanceCounter,
  type CounterRule,
  type CounterState,
  microjoulesOf,
  missReading,
  unreadCounter,
} from "../../energy/counter.ts";
import { type Counter, problemOf, reasonOf } from "./counters.ts";

/** A counter with what it has counted since the governor's id was given. */
export interface Domain {
  readonly counter: Counter;
  state: CounterState;
  /** The state before the last tick. */
  before: CounterState;
  /** Why the last reading failed; null when it succeeded. */
  problem: string | null;
}

export interface Meter {
  /** Never shorter and never reordered: a domain that vanished keeps its place and its total. */
  readonly domains: readonly Domain[];
  /** Reads every counter; returns those whose `problem` changed. */
  read(): Domain[];
  /**
   * Takes in counters that were found anew. A known counter that can still be read is kept, since a process that has given up
   * root cannot open another; one that cannot is replaced, if the new one can be read and counts in the same unit.
   */
  adopt(found: readonly Counter[]): Domain[];
  close(): void;
}

/** @param saved what each domain had counted, by id, when an earlier process of this governor stopped. */
export function openMeter(
  counters: readonly Counter[],
  saved: ReadonlyMap<string, CounterState>,
  monotonicNs: () => bigint,
): Meter {
  const domains = counters.map((counter) => domainOf(counter, saved.get(counter.id) ?? unreadCounter));
  const adoptOne = (counter: Counter): Domain | null => {
    const index = domains.findIndex((domain) => domain.counter.id === counter.id);
    const known = domains[index];
    const isUseful =
      known?.problem !== null &&
      problemOf(counter) === null &&
      (known === undefined || hasSameUnit(known.counter.rule, counter.rule));
    if (!isUseful) {
      counter.close();
      return null;
    }
    if (known === undefined) {
      const added = domainOf(counter, unreadCounter);
      domains.push(added);
      return added;
    }
    known.counter.close();
    const replaced = domainOf(counter, known.state);
    domains[index] = replaced;
    return replaced;
  };
  return {
    domains,
    read: () => domains.filter((domain) => readDomain(domain, monotonicNs)),
    adopt: (found) => found.flatMap((counter) => adoptOne(counter) ?? []),
    close: () => {
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
function readDomain(domain: Domain, monotonicNs: () => bigint): boolean {
  domain.before = domain.state;
  const problemBefore = domain.problem;
  try {
    const raw = domain.counter.readRaw();
    domain.state = advanceCounter(domain.state, domain.counter.rule, raw, monotonicNs());
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
