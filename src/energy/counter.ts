/**
 * The arithmetic of a hardware energy counter: it counts up in a fixed unit and starts again at 0 after `modulus` counts.
 * Deltas are taken in counts and accumulated as counts, so that nothing is rounded away at a wrap or over time.
 */

export const domainKinds = ["package", "dram", "core", "uncore", "psys", "gpu"] as const;
export type DomainKind = (typeof domainKinds)[number];

export interface CounterRule {
  /** Energy of one count, or of `countsPerUnit` of them. */
  readonly unitNanojoules: bigint;
  /** Where one count is no whole number of nanojoules (2^-14 J): how many of them carry `unitNanojoules`. Default 1. */
  readonly countsPerUnit?: bigint;
  /** Counts after which the counter starts again at 0; null where that is unknown: then a decrease is a gap, never a wrap. */
  readonly modulus: bigint | null;
  readonly limits: PowerLimits;
}

export interface HardwareCounter {
  readonly id: string;
  readonly kind: DomainKind;
  /** Whether it is part of the host's energy. */
  readonly counted: boolean;
  readonly rule: CounterRule;
  /** The count it shows now. Throws the system's error, or one about what it found. */
  readRaw(): bigint;
  close(): void;
}

export interface PowerLimits {
  /** A step that implies more power than this is no consumption: the counter was reset, or read garbage. */
  readonly largestStepWatts: number;
  /** Where even this power could have filled the whole counter once more between two readings, the step is undetermined. */
  readonly largestSustainedWatts: number;
  /** The hardware cannot draw nothing: a counter that stands still has stopped counting. */
  readonly neverRests: boolean;
}

/**
 * 1 kW sustained is twice the largest TDP of a package on sale (500 W: AMD EPYC 9965, Intel Xeon 6980P), and steps may show
 * twice that again, since two readings can be further from their timestamps than from each other. At one reading a second
 * that is 4 % of the smallest common modulus (65.5 kJ): 24 of 25 resets are recognised by their size, and one that is
 * taken for a wrap adds no more than a plausible step would.
 */
export const packageLimits: PowerLimits = { largestStepWatts: 2000, largestSustainedWatts: 1000, neverRests: true };

/** Memory, cores and integrated graphics stay below their package's limit, but may be off. */
export const partLimits: PowerLimits = { ...packageLimits, neverRests: false };

/** A platform rail carries several packages, their memory and more. */
const platformLimits: PowerLimits = { largestStepWatts: 20_000, largestSustainedWatts: 2000, neverRests: false };

export function limitsOf(kind: DomainKind): PowerLimits {
  if (kind === "package") return packageLimits;
  return kind === "psys" ? platformLimits : partLimits;
}

/**
 * Time by which energy may arrive later than it was used: RAPL updates about every 1 ms without a timestamp, this process may
 * be preempted between clock and counter, and QEMU's virtual RAPL updates once a second (QEMU docs/specs/rapl-msr.rst).
 */
const lateArrivalSeconds = 0.25;

/** Three updates of the slowest counter known (QEMU's, one a second). */
const frozenAfterSeconds = 3;

export interface CounterState {
  /** The last good reading in counts; null before the first. */
  readonly raw: bigint | null;
  /** When `raw` was first seen: a later step covers the time since then. */
  readonly changedAtNs: bigint;
  /** Counts since the first reading. */
  readonly counts: bigint;
  readonly wraps: number;
  readonly gaps: number;
  readonly isFrozen: boolean;
}

export const unreadCounter: CounterState = {
  raw: null,
  changedAtNs: 0n,
  counts: 0n,
  wraps: 0,
  gaps: 0,
  isFrozen: false,
};

/** The state after a reading. The first reading is a baseline; an implausible step is a gap and becomes the new baseline. */
export function advanceCounter(state: CounterState, rule: CounterRule, raw: bigint, monotonicNs: bigint): CounterState {
  if (raw < 0n || (rule.modulus !== null && raw >= rule.modulus)) return missReading(state);
  if (state.raw === null) return { ...state, raw, changedAtNs: monotonicNs };
  if (raw === state.raw) return standStill(state, rule, monotonicNs);
  const moved = { ...state, raw, changedAtNs: monotonicNs, isFrozen: false };
  const isDecrease = raw < state.raw;
  if (isDecrease && rule.modulus === null) return { ...moved, gaps: state.gaps + 1 };
  const delta = isDecrease ? raw - state.raw + (rule.modulus ?? 0n) : raw - state.raw;
  if (!isPlausible(delta, rule, monotonicNs - state.changedAtNs)) return { ...moved, gaps: state.gaps + 1 };
  return { ...moved, counts: state.counts + delta, wraps: state.wraps + (isDecrease ? 1 : 0) };
}

/** The state after a reading that failed. The hardware counts on: the next good reading covers the time of this one too. */
export function missReading(state: CounterState): CounterState {
  return { ...state, gaps: state.gaps + 1 };
}

/** Cut to whole microjoules when shown; the counts keep the rest. */
export function microjoulesOf(state: CounterState, rule: CounterRule): bigint {
  return (state.counts * rule.unitNanojoules) / (1000n * (rule.countsPerUnit ?? 1n));
}

function standStill(state: CounterState, rule: CounterRule, monotonicNs: bigint): CounterState {
  const stoodStillSeconds = Number(monotonicNs - state.changedAtNs) / 1e9;
  if (!rule.limits.neverRests || state.isFrozen || stoodStillSeconds < frozenAfterSeconds) return state;
  return { ...state, gaps: state.gaps + 1, isFrozen: true };
}

function isPlausible(delta: bigint, rule: CounterRule, elapsedNs: bigint): boolean {
  const elapsedSeconds = Math.max(0, Number(elapsedNs) / 1e9);
  const { largestStepWatts, largestSustainedWatts } = rule.limits;
  if (joulesOf(delta, rule) > largestStepWatts * (elapsedSeconds + lateArrivalSeconds)) return false;
  if (rule.modulus === null) return true;
  return joulesOf(delta + rule.modulus, rule) > largestSustainedWatts * elapsedSeconds;
}

function joulesOf(counts: bigint, rule: CounterRule): number {
  return (Number(counts) * Number(rule.unitNanojoules)) / Number(rule.countsPerUnit ?? 1n) / 1e9;
}
