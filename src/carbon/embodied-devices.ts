import { lognormalFromRange } from "../uncertainty/lognormal.ts";

/** What making a device of a class took, as far as is known when only the class is. */
export interface DeviceClass {
  readonly medianKg: number;
  /** Standard deviation of the logarithm over the devices of the class. */
  readonly lnSigma: number;
  readonly lifetimeYears: number;
  readonly citation: string;
}

/** Kilograms of CO2e: median, and the range that holds 90 % of the sheets. */
type DataSheetRow = readonly [
  name: string,
  sheetCount: number,
  low: number,
  median: number,
  high: number,
  years: number,
];

/** Embodied part of makers' product sheets, whole life less use. */
const dataSheets: readonly DataSheetRow[] = [
  ["server", 55, 588, 1278, 6050, 4],
  ["laptop", 422, 135, 241, 386, 4],
  ["desktop", 256, 167, 301, 549, 5],
  ["monitor", 258, 151, 357, 606, 6],
  ["smartphone", 50, 21, 56, 81, 3],
  ["tablet", 22, 31, 74, 132, 3],
  ["iot", 30, 12, 28, 59, 5],
];

/** A class of which one device is known: a geometric standard deviation of 1.5 is our judgement. */
const lnSigmaOfOne = Math.log(1.5);

export const deviceClasses: ReadonlyMap<string, DeviceClass> = new Map([
  ...dataSheets.map(([name, count, low, medianKg, high, lifetimeYears]): [string, DeviceClass] => [
    name,
    {
      medianKg,
      lnSigma: lognormalFromRange(low, high, 0.9).lnSigma,
      lifetimeYears,
      citation: `Boavizta environmental-footprint-data, ${count} makers' sheets: median ${medianKg} kg, 5th to 95th percentile ${low} to ${high} kg`,
    },
  ]),
  [
    "gpu",
    {
      medianKg: 181,
      lnSigma: lnSigmaOfOne,
      lifetimeYears: 3,
      citation: "A100 PCIe 40 GB, the card alone: 181 kg (ADEME and Hubblo, 2026); spread judged",
    },
  ],
  [
    "raspberry-pi",
    {
      medianKg: 6.5,
      lnSigma: lnSigmaOfOne,
      lifetimeYears: 3,
      citation: "Raspberry Pi 4: about 6.5 kg by its maker's statement (2025); spread judged",
    },
  ],
]);
