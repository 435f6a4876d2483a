import { product, type Ratio, wholeTimes } from "./ratio.ts";

/** What one count is worth, in the hardware and in what the kernel's driver makes of it. */
export interface CountUnit {
  /** Counts in one femtojoule of energy: exact, as in the hardware. */
  readonly countsPerFemtojoule: Ratio;
  /** Microjoules that the driver shows for one count; it cuts the unit to whole nanojoules. */
  readonly shownMicrojoules: Ratio;
}

/** Microjoules of one count, exact: what a reader of the register itself has to find. */
export function exactMicrojoules({ countsPerFemtojoule: { over, under } }: CountUnit): Ratio {
  return { over: under, under: over * femtojoulesPerMicrojoule };
}

const femtojoulesPerJoule = 10n ** 15n;
const femtojoulesPerMicrojoule = 10n ** 9n;

/** 2^-esu J, which the driver takes for a whole number of nanojoules. */
export function jouleUnit(esu: number): CountUnit {
  const countsPerJoule = 2n ** BigInt(esu);
  return {
    countsPerFemtojoule: { over: countsPerJoule, under: femtojoulesPerJoule },
    shownMicrojoules: { over: 1_000_000_000n / countsPerJoule, under: 1000n },
  };
}

/** A unit that is a whole number of nanojoules. */
export function nanojouleUnit(nanojoules: bigint): CountUnit {
  return {
    countsPerFemtojoule: { over: 1n, under: nanojoules * 1_000_000n },
    shownMicrojoules: { over: nanojoules, under: 1000n },
  };
}

/** A unit of 2^-esu J as kernels before 3.14 showed it: not cut to nanojoules. */
export function uncutJouleUnit(esu: number): CountUnit {
  return { ...jouleUnit(esu), shownMicrojoules: { over: 1_000_000n, under: 2n ** BigInt(esu) } };
}

/** Counts after which a counter starts again at 0. */
export const countsPerLap = 4_294_967_296n;

/** A counter of the simulated hardware: it counts its part of the host's energy, and starts again at 0 after 2^32 counts. */
export interface SimulatedCounter {
  readonly id: string;
  readonly unit: CountUnit;
  /** Counts since the start of the simulation, laps and resets or not. */
  counts(): bigint;
  /** What the hardware shows: below 2^32. */
  raw(): bigint;
  /** What powercap shows. */
  shownMicrojoules(): bigint;
  /** How often it started again at 0 by itself. */
  wraps(): number;
  resets(): number;
  /** Starts it at 0, as a suspend or a reload of firmware does. */
  reset(): void;
  /** Tells it the host's energy since the start. */
  follow(hostFemtojoules: bigint): void;
}

/** @param share its part of the host's energy. @param start what it shows at the start. */
export function simulatedCounter(id: string, unit: CountUnit, share: Ratio, start: bigint): SimulatedCounter {
  const countsPerHostFemtojoule = product(unit.countsPerFemtojoule, share);
  let counts = 0n;
  let offset = start;
  let earlierWraps = 0n;
  let resets = 0;
  const lap = (): bigint => (offset + counts) / countsPerLap;
  return {
    id,
    unit,
    counts: () => counts,
    raw: () => (offset + counts) % countsPerLap,
    shownMicrojoules: () => wholeTimes((offset + counts) % countsPerLap, unit.shownMicrojoules),
    wraps: () => Number(earlierWraps + lap()),
    resets: () => resets,
    reset: () => {
      earlierWraps += lap();
      offset = -counts;
      resets += 1;
    },
    follow: (hostFemtojoules) => {
      counts = wholeTimes(hostFemtojoules, countsPerHostFemtojoule);
    },
  };
}
