import type { DomainKind } from "./counter.ts";

/**
 * The contract of everything that joules come from. A source accumulates, from the moment it is opened, the energy of the
 * host's disjoint domains; nested, mirrored and platform domains are reported beside the total and never added to it.
 *
 * The first reading is a baseline, not consumption. A failed read is no reading, never 0.
 */

/** Whether joules were counted by hardware or computed by a model. */
export type Provenance = "measured" | "estimated";

/**
 * What the joules of a source include: only the CPU packages (and DRAM) as RAPL sees them, or the whole server at its plug,
 * as models fitted to SPECpower wall power do. The first needs a wall factor before PUE, the second must not have one.
 */
export type EnergyBoundary = "package_and_dram" | "server_wall";

export interface DomainReading {
  /** Stable identity: the zone's path below the control type, or the model's name. */
  readonly id: string;
  readonly kind: DomainKind;
  /** Whether this domain is part of the host total. */
  readonly counted: boolean;
  /** Microjoules accumulated since the source was opened. */
  readonly microjoules: bigint;
  readonly wraps: number;
  /** Steps that were implausible and added nothing, and readings that failed, whose energy the next good one brings. */
  readonly gaps: number;
}

export interface EnergyReading {
  readonly monotonicNs: bigint;
  /** Sum of the counted domains since the source was opened. Never decreases. */
  readonly hostMicrojoules: bigint;
  readonly domains: readonly DomainReading[];
  /** Gaps of all counted domains since opening: above 0, energy may be missing, or may have come later than it was used. */
  readonly gaps: number;
  /** Nanoseconds since the source was opened in which nobody counted: their energy is lost. None where absent. */
  readonly uncountedNs?: bigint;
}

/** The readings around an instant, of a source whose readings arrive late. */
export interface ReadingsAround {
  /** The last one at or before the instant. */
  readonly before: EnergyReading;
  /** The first one after it; null while there is none. */
  readonly after: EnergyReading | null;
  /** Why nobody knows what was counted at the instant: the source was silent around it. Null where it is known to one tick. */
  readonly silence: string | null;
}

/** How far the joules of a source may be from the truth. */
export interface SourceUncertainty {
  /** Standard deviation of the logarithm of the source's gain; the same error for every reading on this host. */
  readonly gainLnSigma: number;
  /** What the error is shared with, e.g. `model.ccf-aws/epyc-gen3/host=…`. */
  readonly sourceId: string;
  /** Document the figure comes from. */
  readonly citation: string;
}

export interface EnergySource {
  readonly id: "governor" | "powercap" | "msr" | "model";
  readonly provenance: Provenance;
  readonly boundary: EnergyBoundary;
  /** One line for people: "RAPL package-0 + dram through powercap", "model: AMD EPYC (gen 3), 2 vCPU". */
  readonly label: string;
  readonly uncertainty: SourceUncertainty;
  /** Power of the idle host within the boundary, when the source itself knows it (a model does); otherwise null. */
  readonly idleWatts: number | null;
  /** Watts that one more busy CPU adds, when the source itself knows it (a model does); otherwise null. */
  readonly wattsPerBusyCpu: number | null;
  /**
   * Where readings come from elsewhere and arrive late: resolves when there is one for this instant that is newer than the last
   * one given, or after a bounded time, once for as long as it stays silent. A span that ends waits for it.
   */
  settle?(): Promise<void>;
  /**
   * Where readings arrive late: those around an instant of the clock, or null while they may still be on their way. Instants are
   * asked for in order of time, and again when they were not known.
   */
  readAround?(monotonicNs: bigint): ReadingsAround | null;
  /**
   * Reads every domain now, or gives the newest reading that arrived. Throws CarbonOpsError ENERGY_READ_FAILED when no counted
   * domain can be read any more.
   */
  read(): EnergyReading;
  close(): void;
}
