import {
  type CountUnit,
  countsPerLap,
  jouleUnit,
  nanojouleUnit,
  type SimulatedCounter,
  simulatedCounter,
  uncutJouleUnit,
} from "./counter.ts";
import type { PowerProfile } from "./profile.ts";
import { millionths, product, type Ratio, wholeTimes } from "./ratio.ts";

export const partNames = ["dram", "core", "uncore", "psys", "mmio", "dies", "twin"] as const;
/**
 * dram, core, uncore, psys: domains beside the packages. mmio: the packages once more through another window. dies: two dies in a
 * package, with counters of their own on Intel and one and the same on AMD. twin: a further package that is the first one again.
 */
export type PartName = (typeof partNames)[number];

export const quirkNames = [
  "server-dram",
  "joule-psys",
  "silvermont",
  "uncut-unit",
  "no-range",
  "filtering",
  "zero-unit",
] as const;
/**
 * server-dram: memory counts 15.3 µJ. joule-psys: the platform rail counts 1 J. silvermont: a count is 2^esu µJ. uncut-unit: units
 * as old kernels showed them. no-range: powercap does not say where a counter wraps. filtering: the registers say that noise is
 * added. zero-unit: the registers of a virtual machine, which answer 0.
 */
export type QuirkName = (typeof quirkNames)[number];

export interface HostShape {
  readonly vendor: "intel" | "amd";
  /** 1 to 8. */
  readonly packages: number;
  readonly parts: readonly PartName[];
  readonly quirks: readonly QuirkName[];
  /** Energy status unit: 2^-esu J a count. */
  readonly esu: number;
  /** Starts every counter this many joules of its own below the wrap; null: anywhere. */
  readonly startBelowWrapJoules: number | null;
  readonly profile: PowerProfile;
}

export type SimulatedKind = "package" | "dram" | "core" | "uncore" | "psys";

/** A counter with its place in the machine. Copies of a counter are domains of their own that share it. */
export interface SimulatedDomain {
  readonly kind: SimulatedKind;
  /** Package that it belongs to. */
  readonly packageId: number;
  /** Name as the kernel gives it: "package-0", "package-0-die-1", "dram". */
  readonly name: string;
  /** The domain that it lies in; null for packages and psys. */
  readonly inside: SimulatedDomain | null;
  readonly window: "msr" | "mmio";
  /** Whether it belongs to the host's energy: packages and memory, each counter once. */
  readonly counted: boolean;
  readonly counter: SimulatedCounter;
}

export interface SimulatedHost {
  readonly shape: HostShape;
  readonly domains: readonly SimulatedDomain[];
  /** Each counter once. */
  readonly counters: readonly SimulatedCounter[];
  /** Moves the machine on to this time since the start; time does not run backwards. */
  advanceTo(atNs: bigint): void;
  elapsedNs(): bigint;
  /** The energy of the profile since the start: what packages and memory use together. */
  femtojoules(): bigint;
}

export function simulatedHost(shape: HostShape): SimulatedHost {
  const domains = domainsOf(shape);
  const counters = [...new Set(domains.map(({ counter }) => counter))];
  let elapsedNs = 0n;
  let femtojoules = 0n;
  return {
    shape,
    domains,
    counters,
    advanceTo: (atNs) => {
      while (elapsedNs < atNs) {
        const { microwatts, untilNs } = shape.profile(elapsedNs);
        const stopNs = untilNs !== null && untilNs < atNs ? untilNs : atNs;
        // A microwatt over a nanosecond is a femtojoule: the sum has no rounding.
        femtojoules += microwatts * (stopNs - elapsedNs);
        elapsedNs = stopNs;
      }
      for (const counter of counters) counter.follow(femtojoules);
    },
    elapsedNs: () => elapsedNs,
    femtojoules: () => femtojoules,
  };
}

/** Memory's part of what a package and its memory use; the parts of a package; the rail above all. */
const memoryShare = 0.12;
const partShares = { core: 0.7, uncore: 0.08 } as const;
const platformShare = 1.15;

interface Builder {
  readonly shape: HostShape;
  readonly domains: SimulatedDomain[];
  addCounter(id: string, kind: SimulatedKind, share: Ratio): SimulatedCounter;
}

function domainsOf(shape: HostShape): SimulatedDomain[] {
  let made = 0;
  const builder: Builder = {
    shape,
    domains: [],
    addCounter: (id, kind, share) => {
      const unit = unitOf(shape, kind);
      made += 1;
      return simulatedCounter(id, unit, share, startOf(shape, unit, made));
    },
  };
  for (let packageId = 0; packageId < shape.packages; packageId += 1) {
    addPackage(builder, packageId);
    if (packageId === 0 && shape.parts.includes("psys")) addPlatform(builder);
  }
  if (shape.parts.includes("twin")) addCopy(builder, "package-0", "msr", `package-${shape.packages}`);
  if (shape.parts.includes("mmio")) {
    for (const domain of [...builder.domains]) {
      if (domain.kind === "package" && domain.counted) addCopy(builder, domain.name, "mmio", domain.name);
    }
  }
  return builder.domains;
}

function addPackage(builder: Builder, packageId: number): void {
  const { shape } = builder;
  const share = packageShare(shape.packages, packageId);
  const name = `package-${packageId}`;
  if (!shape.parts.includes("dies")) {
    addSilicon(builder, packageId, name, share);
  } else if (shape.vendor === "amd") {
    addSilicon(builder, packageId, `${name}-die-0`, share);
    addCopy(builder, `${name}-die-0`, "msr", `${name}-die-1`);
  } else {
    addSilicon(builder, packageId, `${name}-die-0`, product(share, millionths(0.55)));
    addSilicon(builder, packageId, `${name}-die-1`, product(share, millionths(0.45)));
  }
}

/** Packages differ, as real ones do: each uses a little more than the one before it. */
function packageShare(packages: number, packageId: number): Ratio {
  const weights = Array.from({ length: packages }, (_, index) => BigInt(100 + 7 * index));
  return { over: weights[packageId] ?? 0n, under: weights.reduce((sum, weight) => sum + weight, 0n) };
}

function addSilicon(builder: Builder, packageId: number, name: string, share: Ratio): void {
  const { shape, domains } = builder;
  const hasMemory = shape.parts.includes("dram");
  const ownShare = hasMemory ? product(share, millionths(1 - memoryShare)) : share;
  const counter = builder.addCounter(name, "package", ownShare);
  const silicon: SimulatedDomain = {
    kind: "package",
    packageId,
    name,
    inside: null,
    window: "msr",
    counted: true,
    counter,
  };
  domains.push(silicon);
  const addPart = (kind: "core" | "uncore" | "dram", partShare: Ratio): void => {
    const part = builder.addCounter(`${name}/${kind}`, kind, partShare);
    const place = { packageId, inside: silicon, window: "msr" as const };
    domains.push({ ...place, kind, name: kind, counted: kind === "dram", counter: part });
  };
  for (const kind of ["core", "uncore"] as const) {
    if (shape.parts.includes(kind)) addPart(kind, product(ownShare, millionths(partShares[kind])));
  }
  if (hasMemory) addPart("dram", product(share, millionths(memoryShare)));
}

function addPlatform(builder: Builder): void {
  const counter = builder.addCounter("psys", "psys", millionths(platformShare));
  const place = { packageId: 0, name: "psys", inside: null, window: "msr" as const };
  builder.domains.push({ ...place, kind: "psys", counted: false, counter });
}

/** The same counter under another name. */
function addCopy({ domains }: Builder, ofName: string, window: SimulatedDomain["window"], name: string): void {
  const original = domains.find((domain) => domain.name === ofName && domain.window === "msr");
  if (original === undefined) return;
  const packageId = packageIdOf(name);
  domains.push({ ...original, packageId, name, window, counted: false });
}

function packageIdOf(name: string): number {
  return Number(/^package-(\d+)/.exec(name)?.[1] ?? 0);
}

function unitOf({ quirks, esu }: HostShape, kind: SimulatedKind): CountUnit {
  if (kind === "dram" && quirks.includes("server-dram")) return nanojouleUnit(15_300n);
  if (kind === "psys" && quirks.includes("joule-psys")) return nanojouleUnit(1_000_000_000n);
  if (quirks.includes("silvermont")) return nanojouleUnit(1000n * 2n ** BigInt(esu));
  return quirks.includes("uncut-unit") ? uncutJouleUnit(esu) : jouleUnit(esu);
}

/** Every counter starts somewhere else: at a fixed scatter over the lap, or closely below its end. */
function startOf({ startBelowWrapJoules }: HostShape, unit: CountUnit, ordinal: number): bigint {
  if (startBelowWrapJoules === null) return (BigInt(ordinal) * 1_640_531_527n) % countsPerLap;
  const joules = startBelowWrapJoules * ordinal;
  const below = wholeTimes(BigInt(Math.round(joules * 1e6)) * 1_000_000_000n, unit.countsPerFemtojoule);
  return countsPerLap - 1n - (below % countsPerLap);
}
