import { CarbonOpsError } from "../../../errors.ts";
import type { CarbonEstimateRecord } from "../../../record/carbon-estimate-record.ts";

/** Squares of sums of such numbers are still numbers; nothing on Earth is near it. */
const largest = 1e100;
/** An error of that many times its grams: far beyond what any estimate has, and its square still a number. */
const largestRatio = 1e50;

type Figures = Pick<CarbonEstimateRecord, "grams" | "components" | "private_uncertainty_grams">;

/** One absurd record must not make every total infinite. Throws RECORD_INVALID. */
export function checkSummable(estimate: CarbonEstimateRecord): void {
  const {
    energy_wh: energyWh,
    energy_wh_stated: statedWh,
    energy_standard_uncertainty_wh: uncertaintyWh = 0,
  } = estimate;
  if (Math.max(energyWh, Math.abs(statedWh), uncertaintyWh) > largest) throw tooLarge("energy");
  checkFigures(estimate);
  if (estimate.marginal !== null) checkFigures(estimate.marginal);
}

function checkFigures({ grams, components, private_uncertainty_grams: own }: Figures): void {
  if (grams > largest) throw tooLarge("grams");
  const error = Object.values(components).reduce((most, each) => Math.max(most, Math.abs(each)), own);
  if (error > Math.min(largest, largestRatio * grams)) throw tooLarge("uncertainty");
}

function tooLarge(what: string): CarbonOpsError {
  return new CarbonOpsError("RECORD_INVALID", `The record's ${what} is too large to be added to others.`);
}
