import type { CounterRule } from "./counter.ts";

type CounterScale = Pick<CounterRule, "unitNanojoules" | "modulus">;

const modulus32 = 2n ** 32n;

/**
 * The smallest range of a RAPL counter, 2^32 counts of 2^-20 J, is 4.1 kJ; a file that shows less than 1 kJ does not describe
 * one (Intel SDM volume 3, MSR_RAPL_POWER_UNIT).
 */
const smallestCredibleRangeMicrojoules = 1_000_000_000n;

/**
 * Unit and modulus behind a powercap zone. The driver keeps the unit as whole nanojoules and shows
 * floor(count * unit / 1000) microjoules; `max_energy_range_uj` is that of the largest count, 2^32 - 1, and so not the modulus
 * (kernel drivers/powercap/intel_rapl_common.c, rapl_unit_xlate and get_max_energy_counter).
 *
 * Very old kernels did not cut the unit of 2^-ESU J; where that, or nothing, explains the range, microjoules are counted, one count
 * of the hardware being range / (2^32 - 1). Without a credible range there is no modulus.
 */
export function scaleFromRange(rangeMicrojoules: bigint | null): CounterScale {
  if (rangeMicrojoules === null || rangeMicrojoules < smallestCredibleRangeMicrojoules) {
    return { unitNanojoules: 1000n, modulus: null };
  }
  const largest = modulus32 - 1n;
  const unitNanojoules = roundedQuotient(rangeMicrojoules * 1000n, largest);
  if ((largest * unitNanojoules) / 1000n === rangeMicrojoules) return { unitNanojoules, modulus: modulus32 };
  return { unitNanojoules: 1000n, modulus: uncutModulus(rangeMicrojoules) };
}

/** The energy status unit has five bits. */
const energyStatusUnits = Array.from({ length: 32 }, (_, index) => BigInt(index));

function uncutModulus(rangeMicrojoules: bigint): bigint {
  const largest = modulus32 - 1n;
  const uncut = energyStatusUnits.find((unit) => (largest * 1_000_000n) >> unit === rangeMicrojoules);
  if (uncut !== undefined) return (modulus32 * 1_000_000n) >> uncut;
  return roundedQuotient(rangeMicrojoules * modulus32, largest);
}

/** The count behind the microjoules shown: exact for units of 1000 nJ and more, else to one count. */
export function rawFromMicrojoules(microjoules: bigint, unitNanojoules: bigint): bigint {
  return (microjoules * 1000n + unitNanojoules - 1n) / unitNanojoules;
}

function roundedQuotient(dividend: bigint, divisor: bigint): bigint {
  return (2n * dividend + divisor) / (2n * divisor);
}
