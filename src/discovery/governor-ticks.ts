import type { DomainKind } from "../energy/counter.ts";
import type { DomainReading, EnergyReading } from "../energy/source.ts";
import { type GovernorDomain, type GovernorSnapshot, haveParted, type Twins } from "../governor/client.ts";

/** The governor's ticks as readings. */
export interface GovernorTicks {
  add(snapshot: GovernorSnapshot): void;
  /** The newest one. Throws before the first. */
  newest(): EnergyReading;
  /** The last one at or before an instant (the oldest that is kept, where all are later), and the one that followed it. */
  around(monotonicNs: bigint): { readonly before: EnergyReading; readonly after: EnergyReading | null };
}

/** A minute of them: more than the socket holds for a process that is too busy to receive them. */
const keptTicks = 600;

/**
 * What the governor's totals grew by since the first snapshot, over its restarts. Wraps are the governor's own affair. A domain
 * that shows another one's counter again (`twins`) is not counted, until the two part.
 */
export function governorTicks(described: readonly GovernorDomain[], twins: Twins): GovernorTicks {
  const kinds = new Map(described.map(({ id, kind }) => [id, kind]));
  const heldBack = new Map(twins);
  const grown = new Map<string, DomainReading>();
  const readings: EnergyReading[] = [];
  let last: GovernorSnapshot | null = null;
  let gaps = 0;
  let uncountedNs = 0n;

  const addDomains = (
    earlier: ReadonlyMap<string, bigint>,
    later: ReadonlyMap<string, bigint>,
    counted: boolean,
  ): void => {
    for (const [id, microjoules] of later) {
      const before = earlier.get(id) ?? microjoules;
      const known = grown.get(id)?.microjoules ?? 0n;
      // A total that shrank is none of this governor's: it adds nothing.
      if (microjoules < before) gaps += 1;
      const step = microjoules < before ? 0n : microjoules - before;
      const kind = kindOf(kinds.get(id));
      grown.set(id, { id, kind, counted, microjoules: known + step, wraps: 0, gaps: 0 });
    }
  };
  const partTwins = (): void => {
    for (const [copy, original] of heldBack) {
      const apart = (grown.get(copy)?.microjoules ?? 0n) - (grown.get(original)?.microjoules ?? 0n);
      if (haveParted(apart)) heldBack.delete(copy);
    }
  };
  const sumUp = (monotonicNs: bigint): EnergyReading => {
    const domains = [...grown.values()].map((domain) =>
      heldBack.has(domain.id) ? { ...domain, counted: false } : domain,
    );
    const hostMicrojoules = domains.reduce((sum, { counted, microjoules }) => sum + (counted ? microjoules : 0n), 0n);
    return { monotonicNs, hostMicrojoules, domains, gaps, uncountedNs };
  };
  const newest = (): EnergyReading => {
    const reading = readings.at(-1);
    if (reading === undefined) throw new RangeError("There is no tick yet.");
    return reading;
  };
  return {
    add: (snapshot) => {
      const isSame = last?.governorId === snapshot.governorId;
      // Whoever subscribes again is sent a tick that it may have had.
      if (isSame && last !== null && snapshot.monotonicNs <= last.monotonicNs) return;
      if (last !== null && !isSame) {
        gaps += 1;
        uncountedNs += snapshot.monotonicNs - last.monotonicNs;
      }
      const earlier = isSame && last !== null ? last : snapshot;
      addDomains(earlier.countersMicrojoules, snapshot.countersMicrojoules, true);
      addDomains(earlier.nestedMicrojoules, snapshot.nestedMicrojoules, false);
      gaps += Math.max(0, snapshot.gaps - earlier.gaps);
      partTwins();
      last = snapshot;
      readings.push(sumUp(snapshot.monotonicNs));
      if (readings.length > keptTicks) readings.shift();
    },
    newest,
    around: (monotonicNs) => {
      const at = readings.findLastIndex((reading) => reading.monotonicNs <= monotonicNs);
      return { before: readings[Math.max(0, at)] ?? newest(), after: readings[Math.max(0, at) + 1] ?? null };
    },
  };
}

const domainKinds: readonly DomainKind[] = ["package", "dram", "core", "uncore", "psys", "gpu"];

/** A kind that a later governor may know and this client does not is shown as a package's part. */
function kindOf(word: string | undefined): DomainKind {
  return domainKinds.find((kind) => kind === word) ?? "core";
}
