/**
 * How much the hours of a year differ from its average: hourly standard deviation over annual mean, in total and within the
 * day, computed from the hourly life-cycle data of 2022 of 123 zones of Electricity Maps (published with Sukprasert et al.,
 * EuroSys 2024). The part between days is what remains in squares.
 */
export interface HourlyVariability {
  readonly total: number;
  readonly withinDay: number;
}

type VariabilityRow = readonly [zone: string, total: number, withinDay: number];

const rows: readonly VariabilityRow[] = [
  ["AT", 0.34, 0.13],
  ["AU-NSW", 0.18, 0.16],
  ["AU-VIC", 0.17, 0.13],
  ["BE", 0.39, 0.17],
  ["BG", 0.12, 0.06],
  ["BR-CS", 0.22, 0.08],
  ["CA-ON", 0.59, 0.35],
  ["CA-QC", 0.09, 0.06],
  ["CH", 0.38, 0.28],
  ["CL", 0.29, 0.22],
  ["CL-SEN", 0.29, 0.22],
  ["CZ", 0.11, 0.06],
  ["DE", 0.28, 0.15],
  // National figures of DK, IN, IT, JP, NO and SE: the total is published; the part within the day is that of a zone inside.
  ["DK", 0.45, 0.22],
  ["DK-DK2", 0.47, 0.23],
  ["EE", 0.32, 0.11],
  ["ES", 0.31, 0.15],
  ["FI", 0.39, 0.08],
  ["FR", 0.3, 0.11],
  ["GB", 0.33, 0.15],
  ["GR", 0.27, 0.18],
  ["HU", 0.16, 0.1],
  ["IE", 0.34, 0.15],
  ["IN", 0.09, 0.07],
  ["IN-WE", 0.09, 0.07],
  ["IT", 0.18, 0.08],
  ["IT-NO", 0.18, 0.08],
  ["JP", 0.08, 0.08],
  ["JP-KN", 0.06, 0.05],
  ["JP-TK", 0.08, 0.08],
  ["LU", 0.34, 0.2],
  ["NL", 0.24, 0.14],
  // Between Southeast (0.35) and Southwest Norway (0.80).
  ["NO", 0.58, 0.34],
  ["NO-NO1", 0.35, 0.2],
  ["NO-NO2", 0.8, 0.48],
  ["NZ", 0.4, 0.11],
  ["PL", 0.13, 0.08],
  ["PT", 0.34, 0.14],
  ["RO", 0.16, 0.09],
  ["SE", 0.29, 0.12],
  ["SE-SE3", 0.29, 0.12],
  ["TR", 0.14, 0.08],
  ["TW", 0.06, 0.05],
  ["US-CAL-CISO", 0.3, 0.22],
  ["US-CAR-SCEG", 0.13, 0.09],
  ["US-CENT-SWPP", 0.31, 0.15],
  ["US-MIDA-PJM", 0.1, 0.03],
  ["US-MIDW-MISO", 0.11, 0.05],
  ["US-NW-BPAT", 0.46, 0.17],
  ["US-NW-NEVP", 0.18, 0.15],
  ["US-NW-PACE", 0.2, 0.13],
  ["US-NW-PACW", 0.43, 0.22],
  ["US-SE-SOCO", 0.07, 0.04],
  ["US-SW-AZPS", 0.15, 0.09],
  ["US-TEX-ERCO", 0.21, 0.11],
  ["ZA", 0.05, 0.03],
];

/** Zones whose hourly data are flat or modelled: their own figure near 0 is an artefact, 0.15 is our judgement. */
const modelledZones: readonly string[] = ["HK", "ID", "IL", "KR", "QA", "SA", "SG"];
const modelled: HourlyVariability = { total: 0.15, withinDay: 0.08 };

/** The median zone, for those without hourly data. */
const typical: HourlyVariability = { total: 0.21, withinDay: 0.11 };

const variabilityByZone: ReadonlyMap<string, HourlyVariability> = new Map([
  ...rows.map(([zone, total, withinDay]) => [zone, { total, withinDay }] as const),
  ...modelledZones.map((zone) => [zone, modelled] as const),
]);

export function hourlyVariability(zone: string): HourlyVariability {
  return variabilityByZone.get(zone) ?? typical;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const yearMs = 365.25 * dayMs;

/**
 * Relative standard uncertainty of taking the annual average for a span: everything for an hour or less, the part between
 * days for a whole day, nothing for a year. Inside a day the part within the day shrinks in proportion to the hours left, and
 * beyond a day the part between days does so with the days left (our interpolation: seasons make it shrink slowly).
 */
export function annualAverageError({ total, withinDay }: HourlyVariability, spanMs: number): number {
  const betweenSquare = Math.max(0, total ** 2 - withinDay ** 2);
  if (spanMs <= hourMs) return total;
  if (spanMs <= dayMs) return Math.sqrt(betweenSquare + (withinDay ** 2 * (dayMs - spanMs)) / (dayMs - hourMs));
  return Math.sqrt(betweenSquare * Math.max(0, (yearMs - spanMs) / (yearMs - dayMs)));
}
