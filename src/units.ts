/** Unit conversions, and how quantities are written for people. Names carry units; 1 Wh = 3600 J exactly. */

const joulesPerWattHour = 3600;
const microjoulesPerWattHour = 3_600_000_000;
const nanosecondsPerSecond = 1e9;

/** Watt-hours of a microjoule count. A double holds microjoule sums exactly up to 2^53 (2.5 MWh). */
export function wattHoursFromMicrojoules(microjoules: bigint): number {
  return Number(microjoules) / microjoulesPerWattHour;
}

export function wattHoursFromJoules(joules: number): number {
  return joules / joulesPerWattHour;
}

export function joulesFromWattHours(energyWh: number): number {
  return energyWh * joulesPerWattHour;
}

export function kilowattHoursFromWattHours(energyWh: number): number {
  return energyWh / 1000;
}

export function secondsFromNanoseconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / nanosecondsPerSecond;
}

/** Three significant digits, without an exponent for everyday sizes: 0.00123, 12.3, 1230. */
export function formatSignificant(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  // The magnitude of the rounded value: 99.96 is written 100, not 100.0.
  const magnitude = Math.floor(Math.log10(Math.abs(Number(value.toPrecision(digits)))));
  if (magnitude < -4 || magnitude > 6) return value.toExponential(digits - 1);
  return value.toFixed(Math.max(0, digits - 1 - magnitude));
}

interface Scale {
  readonly from: number;
  readonly factor: number;
  readonly unit: string;
}

function formatScaled(value: number, scales: readonly Scale[]): string {
  const size = Math.abs(value);
  const scale = scales.find((candidate) => size >= candidate.from) ?? scales.at(-1);
  if (scale === undefined) return formatSignificant(value);
  return `${formatSignificant(value * scale.factor)} ${scale.unit}`;
}

const energyScales: readonly Scale[] = [
  { from: 1e6, factor: 1e-6, unit: "MWh" },
  { from: 1e3, factor: 1e-3, unit: "kWh" },
  { from: 1, factor: 1, unit: "Wh" },
  { from: 0, factor: 1e3, unit: "mWh" },
];

const massScales: readonly Scale[] = [
  { from: 1e6, factor: 1e-6, unit: "t" },
  { from: 1e3, factor: 1e-3, unit: "kg" },
  { from: 1, factor: 1, unit: "g" },
  { from: 1e-3, factor: 1e3, unit: "mg" },
  { from: 0, factor: 1e6, unit: "µg" },
];

const byteScales: readonly Scale[] = [
  { from: 2 ** 30, factor: 2 ** -30, unit: "GiB" },
  { from: 2 ** 20, factor: 2 ** -20, unit: "MiB" },
  { from: 2 ** 10, factor: 2 ** -10, unit: "KiB" },
  { from: 0, factor: 1, unit: "B" },
];

/** "1.23 kWh", "4.56 Wh", "0.0123 mWh". */
export function formatEnergyWh(energyWh: number): string {
  return formatScaled(energyWh, energyScales);
}

/** "1.23 kg", "4.56 g", "7.89 mg". */
export function formatGrams(grams: number): string {
  return formatScaled(grams, massScales);
}

export function formatBytes(bytes: number): string {
  return formatScaled(bytes, byteScales);
}

export function formatWatts(watts: number): string {
  return `${formatSignificant(watts)} W`;
}

/** "12.3 %" of a ratio 0.123. */
export function formatRatioAsPercent(ratio: number): string {
  return `${formatSignificant(ratio * 100)} %`;
}

/** "95 %" of a level 0.95, "99.9 %" of 0.999: a level is stated, not measured, and keeps its own digits. */
export function formatLevel(level: number): string {
  return `${Number((level * 100).toPrecision(10))} %`;
}

/** "850 ms", "12.3 s", "4 min 05 s", "2 h 03 min". */
export function formatDurationSeconds(seconds: number): string {
  if (seconds < 1) return `${formatSignificant(seconds * 1000)} ms`;
  if (seconds < 59.95) return `${formatSignificant(seconds)} s`;
  const wholeSeconds = Math.round(seconds);
  if (wholeSeconds >= 48 * 3600) {
    const wholeHours = Math.floor(wholeSeconds / 3600);
    return `${Math.floor(wholeHours / 24)} d ${wholeHours % 24} h`;
  }
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (wholeSeconds < 3600) return `${Math.floor(wholeSeconds / 60)} min ${pad(wholeSeconds % 60)} s`;
  return `${Math.floor(wholeSeconds / 3600)} h ${pad(Math.floor((wholeSeconds % 3600) / 60))} min`;
}
