import type { IntensityKind, IntensityScope } from "../intensity/intensity.ts";
import { invalidInput } from "./checked-number.ts";
import type { QualityFlag } from "./estimate.ts";

/** Of a record's grams by one kind of intensity, what a total needs; names as they stand in records. */
export interface FiguresToSum {
  readonly grams: number;
  readonly operational_grams?: number;
  readonly intensity: {
    readonly kind: IntensityKind;
    readonly scope: IntensityScope;
    readonly autocorrelation_per_hour?: number;
  };
  readonly components: Readonly<Record<string, number>>;
  readonly private_uncertainty_grams: number;
}

/** Of an estimate's record, what a total needs. */
export interface EstimateToSum extends FiguresToSum {
  readonly kind: "carbon_estimate";
  readonly status: "provisional" | "settled";
  readonly region: string;
  readonly source: string;
  readonly host: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly start_ts: string | null;
  readonly energy_wh: number;
  readonly energy_wh_stated: number;
  readonly coverage_pct: number;
  readonly quality_flag: QualityFlag;
  readonly marginal: FiguresToSum | null;
}

/** A record that replaces an earlier one, with the whole newer estimate. */
export interface RestatementToSum {
  readonly kind: "restatement";
  readonly record: EstimateToSum;
}

/** Whatever stands in a ledger: estimates and restatements are summed, the rest is counted. */
export type AggregateItem = EstimateToSum | RestatementToSum | { readonly kind: string };

/** The estimate that an item holds; null for other items. Throws INPUT_INVALID when one lacks a figure, or has one that is not finite. */
export function estimateOf(item: AggregateItem): EstimateToSum | null {
  const estimate = unwrapped(item);
  if (estimate === null) return null;
  checkFigures(estimate);
  if (estimate.marginal !== null) checkFigures(estimate.marginal);
  checkFinite("energy_wh", estimate.energy_wh);
  checkFinite("energy_wh_stated", estimate.energy_wh_stated);
  checkFinite("coverage_pct", estimate.coverage_pct);
  return estimate;
}

function unwrapped(item: AggregateItem): EstimateToSum | null {
  if (isEstimate(item)) return item;
  return isRestatement(item) ? item.record : null;
}

function isEstimate(item: AggregateItem): item is EstimateToSum {
  return item.kind === "carbon_estimate";
}

function isRestatement(item: AggregateItem): item is RestatementToSum {
  return item.kind === "restatement";
}

function checkFigures({ grams, private_uncertainty_grams: privateGrams, components }: FiguresToSum): void {
  checkFinite("grams", grams);
  checkFinite("private_uncertainty_grams", privateGrams);
  if (typeof components === "object" && components !== null) return;
  throw invalidInput(
    "A record to be summed has no components; sum records of carbon_estimate as they stand in a ledger.",
  );
}

/** One NaN would make every total NaN without a word. */
function checkFinite(name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw invalidInput(
    `A record to be summed has ${name} ${String(value)}, which is no finite number; verify the ledger that it comes from.`,
  );
}
