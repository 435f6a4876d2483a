import type { GovernorCounter, GovernorDomain } from "./answers.ts";

/**
 * Some kernels and hypervisors show one counter several times under different names. The governor counts each of them and compares
 * none; its clients take two counted domains of a kind that show the same count for one.
 *
 * Two counters that are not one are this close by chance once in 10^5 hosts (2 J of 65.5 kJ or more), and part as soon as their
 * energies differ by more.
 */
const twinMicrojoules = 2_000_000n;
const partedMicrojoules = 20_000_000n;

/** By the id of each copy, the id of the domain that it is the same as. */
export type Twins = ReadonlyMap<string, string>;

export function twinsAmong(domains: readonly GovernorDomain[]): Twins {
  const twins = new Map<string, string>();
  const originals: GovernorDomain[] = [];
  for (const domain of domains.filter(({ counted, problem }) => counted && problem === null)) {
    const original = originals.find((other) => other.kind === domain.kind && isSame(other.counter, domain.counter));
    if (original === undefined) originals.push(domain);
    else twins.set(domain.id, original.id);
  }
  return twins;
}

/** Those that have not parted since. While one of two cannot be read, nothing new is known of them. */
export function stillTwins(twins: Twins, domains: readonly GovernorDomain[]): Twins {
  const byId = new Map(domains.map((domain) => [domain.id, domain]));
  const counterOf = (id: string): GovernorCounter | null => {
    const domain = byId.get(id);
    return domain === undefined || domain.problem !== null ? null : domain.counter;
  };
  return new Map(
    [...twins].filter(([copy, original]) => {
      const [left, right] = [counterOf(copy), counterOf(original)];
      return left === null || right === null || !haveParted(energyApart(left, right));
    }),
  );
}

/** Whether energies that two counters have counted since a common moment are too far apart for one counter. */
export function haveParted(microjoulesApart: bigint): boolean {
  return microjoulesApart > partedMicrojoules || microjoulesApart < -partedMicrojoules;
}

function isSame(left: GovernorCounter | null, right: GovernorCounter | null): boolean {
  if (left === null || right === null) return false;
  const isSameScale =
    left.unitNanojoules === right.unitNanojoules &&
    left.countsPerUnit === right.countsPerUnit &&
    left.modulus === right.modulus;
  return isSameScale && energyApart(left, right) <= twinMicrojoules;
}

function energyApart(left: GovernorCounter, right: GovernorCounter): bigint {
  const difference = left.raw > right.raw ? left.raw - right.raw : right.raw - left.raw;
  const roundTheWrap = (left.modulus ?? 2n * difference) - difference;
  const counts = difference < roundTheWrap ? difference : roundTheWrap;
  return (counts * left.unitNanojoules) / (1000n * left.countsPerUnit);
}
