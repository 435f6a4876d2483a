/**
 * CPU package power as a fraction of the thermal design power: 0.12, 0.32, 0.75 and 1.02 at 0, 10, 50 and 100 % utilisation,
 * straight lines between (Teads Engineering, "Estimating AWS EC2 Instances Power Consumption", fitted to RAPL).
 */
const curve: readonly (readonly [utilisation: number, fraction: number])[] = [
  [0, 0.12],
  [0.1, 0.32],
  [0.5, 0.75],
  [1, 1.02],
];

/** @param utilisation busy CPUs / CPUs; slightly above 1 is possible between two readings of a 10 ms clock, and extrapolated. */
export function fractionOfTdp(utilisation: number): number {
  const end = Math.max(
    1,
    curve.findIndex(([from], index) => utilisation <= from || index === curve.length - 1),
  );
  const [lowerUtilisation, lowerFraction] = curve[end - 1] ?? [0, 0.12];
  const [upperUtilisation, upperFraction] = curve[end] ?? [1, 1.02];
  const position = (utilisation - lowerUtilisation) / (upperUtilisation - lowerUtilisation);
  return lowerFraction + position * (upperFraction - lowerFraction);
}

/** Watts per gigabyte of memory, which a CPU package's power does not include (Cloud Carbon Footprint, methodology, "Memory"). */
export const memoryWattsPerGigabyte = 0.392;

export interface KnownTdp {
  readonly watts: number;
  readonly physicalCores: number;
}

/** Makers' figures for CPUs that no server family describes. Mobile and desktop parts may draw up to twice this for seconds. */
const knownTdps: readonly (readonly [name: RegExp, watts: number, physicalCores: number])[] = [
  [/i5-8250U|i7-8550U/, 15, 4],
  [/i7-7600U/, 15, 2],
  [/i5-1135G7|i7-1165G7/, 28, 4],
  [/i7-1260P/, 28, 12],
  [/i7-12700K/, 125, 12],
  [/i9-12900K/, 125, 16],
  [/i9-13900K/, 125, 24],
  [/Ryzen 5 (3600|5600X)\b/, 65, 6],
  [/Ryzen 7 5800X\b/, 105, 8],
  [/Ryzen 9 5950X/, 105, 16],
  [/Ryzen 9 [79]950X\b/, 170, 16],
  [/Ryzen 7 (PRO )?5800U/, 15, 8],
  [/Ryzen 7 (PRO )?7840U/, 28, 8],
  [/Ryzen 7 (PRO )?7840HS/, 54, 8],
  [/Threadripper 1950X/, 180, 16],
];

export function knownTdpOf(modelName: string): KnownTdp | null {
  const known = knownTdps.find(([name]) => name.test(modelName));
  return known === undefined ? null : { watts: known[1], physicalCores: known[2] };
}
