import type { GramsFigures } from "./estimate.ts";

/** Grams in everyday terms: for people, not for a record. */
export interface CarbonEquivalent {
  readonly name: "car_km" | "tree_days" | "smartphone_charges" | "video_stream_hours" | "flights_paris_london";
  /** What the number counts, in words. */
  readonly unit: string;
  /** Rounded to two digits. */
  readonly quantity: number;
  readonly gramsEach: number;
  /** Publisher and edition: such figures change by a factor of two between editions. */
  readonly source: string;
}

type EquivalentRow = readonly [name: CarbonEquivalent["name"], unit: string, gramsEach: number, source: string];

const rows: readonly EquivalentRow[] = [
  ["car_km", "km in a passenger car (European mean)", 175, "Green Algorithms: 175 g/km"],
  ["tree_days", "days that a grown tree takes to bind as much", 11_000 / 365, "Green Algorithms: 11 kg a year"],
  [
    "smartphone_charges",
    "charges of a smartphone on the grid of the United States",
    15.1,
    "US EPA equivalencies, 2023",
  ],
  ["video_stream_hours", "hours of video streaming", 36, "IEA: 36 g an hour"],
  ["flights_paris_london", "flights Paris to London, one seat", 50_000, "Green Algorithms: 50 kg"],
];

/** With a wider interval the two digits would claim what nobody knows. */
const widestFactor = 3;

/** None where the interval covers more than a factor of 3: then the number would say more than is known. */
export function carbonEquivalents({
  grams,
  interval,
}: Pick<GramsFigures, "grams" | "interval">): readonly CarbonEquivalent[] {
  if (!(grams > 0) || interval.upperGrams > widestFactor * interval.lowerGrams) return [];
  return rows.map(([name, unit, gramsEach, source]) => ({
    name,
    unit,
    quantity: Number((grams / gramsEach).toPrecision(2)),
    gramsEach,
    source,
  }));
}
