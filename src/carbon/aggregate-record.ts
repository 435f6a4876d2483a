import type { IntensityKind, IntensityScope } from "../intensity/intensity.ts";
import { invalidInput, shown } from "./checked-number.ts";
import type { QualityFlag } from "./estimate.ts";

/** Of a record's grams by one kind of intensity, what a total needs; names as they stand in records. */
export interface FiguresToSum {
  readonly grams: number;
  readonly operational_grams?: number;
  readonly intensity: {
    readonly kind: IntensityKind;
    readonly scope: IntensityScope;
    readonly autocorrelation_per_hour?: number;
    readonly missing_policy?: "step" | "drop";
    readonly coverage_pct?: number;
  };
  readonly components: Readonly<Record<string, number>>;
  readonly private_uncertainty_grams: number;
}

/** Of an estimate's record, what a total needs. */
export interface EstimateToSum extends FiguresToSum {
  readonly kind: "carbon_estimate";
  readonly status: "provisional" | "settled";
  readonly name?: string | null;
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
  /** Of a service's tasks: the calls that the record stands for. */
  readonly calls?: { readonly started: number };
}

/** A record that replaces an earlier one, with the whole newer estimate. */
export interface RestatementToSum {
  readonly kind: "restatement";
  readonly record: EstimateToSum;
}

/** Whatever stands in a ledger: estimates and restatements are summed, the rest is counted. */
export type AggregateItem = EstimateToSum | RestatementToSum | { readonly kind: string };

/** The estimate that an item holds; null for other items. Throws INPUT_INVALID for what is no record, or has a figure that none can have. */
export function estimateOf(item: AggregateItem): EstimateToSum | null {
  checkObject("An item to be summed", item);
  const estimate = unwrapped(item);
  if (estimate === null) return null;
  checkObject("A restatement's record", estimate);
  checkFigures(estimate);
  if (estimate.marginal !== null) checkFigures(estimate.marginal);
  checkAmount("energy_wh", estimate.energy_wh);
  checkFinite("energy_wh_stated", estimate.energy_wh_stated);
  checkAmount("coverage_pct", estimate.coverage_pct);
  if (estimate.calls !== undefined) checkAmount("calls.started", estimate.calls.started);
  return estimate;
}

/** Part of the energy that is in grams of that kind: below 1 where energy of a time without an intensity was dropped. */
export function usedShareOf({
  intensity: { missing_policy: policy, coverage_pct: coveragePct = 100 },
}: FiguresToSum): number {
  return policy === "drop" ? coveragePct / 100 : 1;
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

function checkFigures(figures: FiguresToSum): void {
  checkObject("A record's figures of one kind of intensity", figures);
  const { grams, private_uncertainty_grams: privateGrams, components, intensity } = figures;
  checkAmount("grams", grams);
  if (figures.operational_grams !== undefined) checkAmount("operational_grams", figures.operational_grams);
  checkAmount("private_uncertainty_grams", privateGrams);
  checkObject("A record's set of components", components);
  for (const id in components) checkFinite(`the component ${id}`, components[id]);
  checkObject("A record's intensity", intensity);
  if (intensity.kind !== "average" && intensity.kind !== "marginal") {
    throw invalidInput(`A record to be summed has an intensity of the kind ${shown(intensity.kind)}; ${whatToSum}.`);
  }
  if (intensity.coverage_pct !== undefined) checkAmount("intensity.coverage_pct", intensity.coverage_pct);
}

const whatToSum = "sum records of carbon_estimate as they stand in a ledger";

function checkObject(what: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw invalidInput(`${what} is ${shown(value)}, but must be an object; ${whatToSum}.`);
}

/** One NaN would make every total NaN without a word. */
function checkFinite(name: string, value: unknown): asserts value is number {
  if (Number.isFinite(value)) return;
  throw invalidInput(
    `A record to be summed has ${name} ${shown(value)}, which is no finite number; verify the ledger that it comes from.`,
  );
}

/** A negative amount would hide others. */
function checkAmount(name: string, value: unknown): void {
  checkFinite(name, value);
  if (value >= 0) return;
  throw invalidInput(
    `A record to be summed has ${name} ${value}, which cannot be below 0; verify the ledger that it comes from.`,
  );
}
