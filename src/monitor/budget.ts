import type { EnergyInterval } from "../carbon/energy-interval.ts";
import type { CarbonEstimate } from "../carbon/estimate.ts";

export interface BudgetLimits {
  readonly maxGrams?: number | undefined;
  readonly maxWh?: number | undefined;
  /** "upper": the upper limit of the coverage interval must stay within the budget. "mean": the mean must. */
  readonly on: "upper" | "mean";
}

export interface BudgetVerdict {
  readonly quantity: "grams" | "watt_hours";
  readonly limit: number;
  /** What was compared with the limit. */
  readonly judged: number;
  readonly on: "upper" | "mean";
  readonly exceeded: boolean;
}

/** One verdict for each limit that was set. The upper limit is the guarded choice: it fails a run that may have exceeded. */
export function judgeBudget(
  limits: BudgetLimits,
  estimate: CarbonEstimate,
  energy: EnergyInterval,
): readonly BudgetVerdict[] {
  const { on } = limits;
  const grams = on === "upper" ? estimate.interval.upperGrams : estimate.grams;
  const wattHours = on === "upper" ? energy.upperWh : energy.meanWh;
  const verdicts: BudgetVerdict[] = [];
  if (limits.maxGrams !== undefined) {
    verdicts.push({ quantity: "grams", limit: limits.maxGrams, judged: grams, on, exceeded: grams > limits.maxGrams });
  }
  if (limits.maxWh !== undefined) {
    verdicts.push({
      quantity: "watt_hours",
      limit: limits.maxWh,
      judged: wattHours,
      on,
      exceeded: wattHours > limits.maxWh,
    });
  }
  return verdicts;
}
