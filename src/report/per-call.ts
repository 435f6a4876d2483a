import type { AggregateGroup } from "../carbon/aggregate.ts";
import type { IntensityKind } from "../intensity/intensity.ts";
import { formatGrams, formatSignificant, joulesFromWattHours } from "../units.ts";

export const perCallTitles = ["calls", "energy/call", "CO2e/call"] as const;

/** Calls, and joules and grams of one: means over those that started. "-" where the records of a group count none. */
export function perCallCells({ calls }: AggregateGroup, kind: IntensityKind): readonly string[] {
  if (calls === null) return ["-", "-", "-"];
  const { started, energyWhStated } = calls;
  if (!(started > 0)) return ["0", "-", "-"];
  const grams = kind === "average" ? calls.averageGrams : calls.marginalGrams;
  return [
    String(Math.round(started)),
    `${formatSignificant(joulesFromWattHours(energyWhStated) / started)} J`,
    grams === null ? "-" : formatGrams(grams / started),
  ];
}
