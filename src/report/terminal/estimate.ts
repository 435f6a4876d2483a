import type { BudgetRow, CarbonEstimate, GramsFigures } from "../../carbon/estimate.ts";
import { formatEnergyWh, formatGrams, formatLevel, formatRatioAsPercent, formatSignificant } from "../../units.ts";
import { labelledRows, type TextStyle } from "./style.ts";

/** An estimate for people: the result, what it rests on, the budget of its uncertainty, and what to know about it. */
export function estimatePage(estimate: CarbonEstimate, width: number, style: TextStyle): string {
  const rows: (readonly [string, string])[] = [
    ["energy", formatEnergyWh(estimate.energyWh)],
    ["at the meter", formatEnergyWh(estimate.totalEnergyWithPueKwh * 1000) + factorsText(estimate)],
    ["electricity", intensityText(estimate)],
    [
      "data",
      `${estimate.qualityFlag}; ${formatSignificant(estimate.coveragePct)} % of the span has its region's own intensity`,
    ],
  ];
  if (estimate.marginal !== null) rows.push(["at the margin", marginalText(estimate.marginal)]);
  return [
    `${style.strong(`${formatGrams(estimate.grams)} CO2e`)}  ${intervalText(estimate)}\n\n`,
    labelledRows(rows, width, style),
    `\n${style.strong("Uncertainty budget")} (${formatGrams(estimate.standardUncertaintyGrams)} standard uncertainty)\n`,
    ...budgetRows(estimate.budget),
    "\n",
    labelledRows(
      estimate.notes.map((note) => ["note", note]),
      width,
      style,
    ),
  ].join("");
}

function factorsText({ wallFactorUsed, pueUsed, datacenterType }: CarbonEstimate): string {
  const wall = wallFactorUsed === 1 ? "" : `wall factor ${formatSignificant(wallFactorUsed)}, `;
  return ` (${wall}PUE ${formatSignificant(pueUsed)}, ${datacenterType})`;
}

function intensityText({ region, intensity, intensityGPerKwh }: CarbonEstimate): string {
  const { kind, scope, basis, period, source } = intensity;
  return `${region}: ${formatSignificant(intensityGPerKwh)} g/kWh, ${kind}, ${scope}, ${basis}, ${period} (${source}); ${intensity.mapping}`;
}

function marginalText(marginal: GramsFigures): string {
  const { scope, period } = marginal.intensity;
  return `${formatGrams(marginal.grams)} CO2, ${intervalText(marginal)}, at ${formatSignificant(marginal.intensityGPerKwh)} g/kWh, ${scope}, ${period}: another quantity, not to be added`;
}

function intervalText({ interval }: GramsFigures): string {
  const level = formatLevel(interval.level);
  if (interval.kind === "upper_limit") return `at most ${formatGrams(interval.upperGrams)} (${level})`;
  return `${level} interval ${formatGrams(interval.lowerGrams)} to ${formatGrams(interval.upperGrams)}`;
}

function budgetRows(budget: readonly BudgetRow[]): readonly string[] {
  const rows = [...budget].sort((left, right) => right.shareOfVariance - left.shareOfVariance);
  const width = Math.max(...rows.map(({ quantity }) => quantity.length));
  return rows.map(
    ({ quantity, shareOfVariance, scope }) =>
      `  ${quantity.padEnd(width)}  ${formatRatioAsPercent(shareOfVariance).padStart(8)}  ${scope}\n`,
  );
}
