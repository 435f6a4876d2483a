import type { AnnualDataset } from "./datasets.ts";

/**
 * Areas wider than a grid: the region names of the Python original, the EU and the world. Each takes the value named in `basis`
 * and carries a large error of place, because the grids inside differ that much.
 *
 * Relative errors of place, judged from the grids inside (Electricity Maps annual values of 2025, g/kWh): us-east, us-west and
 * us-central 0.4 (129 to 501); EU and eu-west 0.8 (Paris 31, Frankfurt 342); eu-north 0.8 (Sweden 20, Denmark 123);
 * asia-pacific 0.4 (Seoul 423, Mumbai 653; New Zealand at 90 lies outside).
 */
type WideAreaRow = readonly [
  name: string,
  description: string,
  gramsPerKwh: number,
  dataset: AnnualDataset,
  relativeErrorOfPlace: number,
];

export const worldZone = "WORLD";

/**
 * Somewhere on Earth: lognormal with a factor of 2 for one standard deviation of the logarithm, so that 95 % lie between a quarter
 * of the median and four times it, from hydropower (30 g/kWh) at the edge to coal (900 g/kWh) well inside. u/mean = sqrt(exp(ln(2)^2) - 1).
 */
const factorOfTwo = Math.sqrt(Math.expm1(Math.LN2 ** 2));

export const wideAreaRows: readonly WideAreaRow[] = [
  [worldZone, "world average", 473, "ember-2024", factorOfTwo],
  ["EU", "European Union average", 213, "ember-2024", 0.8],
  ["us-east", "taken as US-MIDA-PJM", 418, "electricity-maps-2025", 0.4],
  ["us-west", "taken as US-CAL-CISO", 208, "electricity-maps-2025", 0.4],
  ["us-central", "taken as US-MIDW-MISO", 501, "electricity-maps-2025", 0.4],
  ["eu-west", "taken as the European Union average", 213, "ember-2024", 0.8],
  ["eu-north", "mean of South Central Sweden, Norway, Finland and Denmark", 60, "electricity-maps-2025", 0.8],
  ["asia-pacific", "taken as the average of Asia", 572, "ember-2024", 0.4],
];
