import { exactMicrojoules } from "./counter.ts";
import type { SimulatedHost } from "./host.ts";
import { wholeTimes } from "./ratio.ts";

/** What was really used since the start: what a reader of the files has to find. */
export interface Truth {
  readonly elapsedNs: bigint;
  /** Sum of the counted domains, each as its own counts times what one is worth to its reader. */
  readonly hostMicrojoules: bigint;
  /** The profile's energy, without any counter's rounding. */
  readonly physicalMicrojoules: bigint;
  readonly wraps: number;
  readonly resets: number;
  readonly domains: readonly DomainTruth[];
}

export interface DomainTruth {
  /** Where it is to be found: the zone's directory, or CPU package and register. */
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly counted: boolean;
  /** What the counter shows now. */
  readonly raw: bigint;
  /** Counts since the start. */
  readonly counts: bigint;
  readonly microjoules: bigint;
  readonly wraps: number;
  readonly resets: number;
}

/** What a tree shows of its host. */
export interface ShownHost {
  /** Where each domain of the host is to be found, in the host's order. */
  readonly ids: readonly string[];
  /** Powercap shows microjoules of the driver's cut unit, registers show counts of the exact one. */
  readonly window: "powercap" | "msr";
}

export function truthOf(host: SimulatedHost, { ids, window }: ShownHost): Truth {
  const domains = host.domains.map(({ name, kind, counted, counter }, index): DomainTruth => {
    const counts = counter.counts();
    const { unit } = counter;
    const microjoules = wholeTimes(counts, window === "powercap" ? unit.shownMicrojoules : exactMicrojoules(unit));
    return {
      id: ids[index] ?? name,
      name,
      kind,
      counted,
      raw: counter.raw(),
      counts,
      microjoules,
      wraps: counter.wraps(),
      resets: counter.resets(),
    };
  });
  const counted = domains.filter((domain) => domain.counted);
  return {
    elapsedNs: host.elapsedNs(),
    hostMicrojoules: counted.reduce((sum, { microjoules }) => sum + microjoules, 0n),
    physicalMicrojoules: host.femtojoules() / 1_000_000_000n,
    wraps: counted.reduce((sum, { wraps }) => sum + wraps, 0),
    resets: counted.reduce((sum, { resets }) => sum + resets, 0),
    domains,
  };
}
