/**
 * Annual marginal operating emission rates: WattTime's co2_moer as published per cloud region in the Green Software Foundation's
 * Real Time Cloud metadata, grams of CO2 (direct, not CO2e) per kilowatt-hour, of 2023 or 2024. What one more kilowatt-hour
 * causes; not an average, and never mixed with one. A zone that is not listed has no known marginal rate.
 */
type MarginalRateRow = readonly [zone: string, gramsPerKwh: number];

const marginalRateRows: readonly MarginalRateRow[] = [
  ["AE", 417],
  ["AT", 636],
  ["AU-NSW", 728],
  ["AU-VIC", 548],
  ["BE", 416],
  ["BH", 414],
  ["BR", 710],
  ["BR-CS", 710],
  ["CA-ON", 397],
  ["CA-QC", 458],
  ["CH", 915],
  ["CL", 628],
  ["CL-SEN", 628],
  ["CN", 844],
  ["DE", 731],
  ["DK", 643],
  ["DK-DK2", 643],
  ["ES", 363],
  ["FI", 795],
  ["FR", 395],
  ["GB", 424],
  ["GR", 445],
  ["HK", 486],
  ["ID", 779],
  ["IE", 488],
  ["IL", 497],
  ["IN", 833],
  ["IN-NO", 833],
  ["IN-SO", 833],
  ["IN-WE", 833],
  ["IT", 386],
  ["IT-NO", 386],
  ["JP-KN", 550],
  ["JP-TK", 536],
  ["KR", 737],
  ["MX", 418],
  ["NL", 501],
  ["NZ", 705],
  ["PL", 862],
  ["QA", 461],
  ["SA", 511],
  ["SE", 791],
  ["SE-SE3", 791],
  ["SG", 349],
  ["TW", 552],
  ["US-CAL-CISO", 381],
  ["US-CAL-LDWP", 536],
  ["US-CAR-SCEG", 726],
  ["US-CENT-SWPP", 586],
  ["US-MIDA-PJM", 557],
  ["US-MIDW-MISO", 586],
  ["US-NW-BPAT", 477],
  ["US-NW-NEVP", 464],
  ["US-NW-PACE", 670],
  ["US-NW-PACW", 477],
  ["US-SE-SOCO", 531],
  ["US-SW-AZPS", 533],
  // Mean of ERCOT_NORTHCENTRAL (484) and ERCOT_SANANTONIO (519).
  ["US-TEX-ERCO", 502],
  ["ZA", 890],
];

export const marginalRateSource = "WattTime MOER, annual, via Green Software Foundation Real Time Cloud";
export const marginalRatePeriod = "2023 or 2024";
/** The earlier of the two, so that age is not understated. */
export const marginalRateYear = 2023;
export const marginalRateLicence = "as published by the Green Software Foundation, Real Time Cloud";

const rateByZone: ReadonlyMap<string, number> = new Map(marginalRateRows);

/** Grams of CO2 per kilowatt-hour at the margin, or null where no rate is known. */
export function marginalRateOf(zone: string): number | null {
  return rateByZone.get(zone) ?? null;
}
