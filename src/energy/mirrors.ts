import { packageLimits } from "./counter.ts";
import type { CounterDomain } from "./counter-domain.ts";

/**
 * Some kernels and hypervisors show one counter several times under different names. Two domains of a kind that show the same
 * count at their first common reading are taken for one, and the later one is held back. When they part, it was a counter of its
 * own after all, and what it has counted since opening enters the total: held back, it loses nothing.
 *
 * Two counters that are not one are this close by chance once in 10^5 hosts (2 J of 65.5 kJ or more), and part as soon as their
 * energies differ by that much.
 */
export function holdBackMirrors(domains: readonly CounterDomain[], sweepNs: bigint): void {
  for (const [index, domain] of domains.entries()) {
    if (!domain.countable || !domain.isFresh) continue;
    if (!domain.isCompared) domain.mirrorOf = originalOf(domain, domains.slice(0, index), sweepNs);
    else if (domain.mirrorOf?.isFresh === true) followMirror(domain, domain.mirrorOf, sweepNs);
    domain.isCompared = true;
  }
}

/** One reading that differs a little may be a late one; three in a row, or one that is far off, are two counters. */
const readingsToPart = 3;
const farOff = 10n;

function followMirror(domain: CounterDomain, original: CounterDomain, sweepNs: bigint): void {
  const apart = countsApart(domain, original);
  const allowed = allowedApart(domain, sweepNs);
  domain.differed = apart <= allowed ? 0 : domain.differed + 1;
  if (domain.differed >= readingsToPart || apart > allowed * farOff) domain.mirrorOf = null;
}

function originalOf(domain: CounterDomain, earlier: readonly CounterDomain[], sweepNs: bigint): CounterDomain | null {
  const isOriginal = (other: CounterDomain): boolean =>
    other.countable &&
    other.isFresh &&
    other.mirrorOf === null &&
    other.kind === domain.kind &&
    other.rule.unitNanojoules === domain.rule.unitNanojoules &&
    other.rule.countsPerUnit === domain.rule.countsPerUnit;
  return (
    earlier.find((other) => isOriginal(other) && countsApart(domain, other) <= allowedApart(domain, sweepNs)) ?? null
  );
}

function countsApart({ state, rule }: CounterDomain, other: CounterDomain): bigint {
  const difference = (state.raw ?? 0n) - (other.state.raw ?? 0n);
  const apart = difference < 0n ? -difference : difference;
  const roundTheWrap = (rule.modulus ?? 2n * apart) - apart;
  return apart < roundTheWrap ? apart : roundTheWrap;
}

/** RAPL updates once a millisecond, with jitter: two readings of one counter may be two updates apart, and the time between them. */
const updatesApartNs = 2_000_000n;
const roundingCounts = 4n;

function allowedApart({ rule: { unitNanojoules, countsPerUnit = 1n } }: CounterDomain, sweepNs: bigint): bigint {
  const nanojoules = BigInt(packageLimits.largestSustainedWatts) * (sweepNs + updatesApartNs);
  return (nanojoules * countsPerUnit) / unitNanojoules + roundingCounts;
}
