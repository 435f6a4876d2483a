import type { BudgetRow, CarbonEstimate, GramsFigures, SamplingUsed } from "../../carbon/estimate.ts";
import { formatEnergyWh, formatGrams, formatLevel, formatRatioAsPercent, formatSignificant } from "../../units.ts";
import { labelledRows, printable, type TextStyle } from "./style.ts";
import { unansweredRows } from "./unanswered.ts";

/** An estimate for people: the result, what it rests on, the budget of its uncertainty, and what to know about it. */
export function estimatePage(
  estimate: CarbonEstimate,
  width: number,
  style: TextStyle,
  withWholeBudget = false,
): string {
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
  if (estimate.embodied.grams !== null) rows.push(["hardware", hardwareText(estimate)]);
  if (estimate.sci.functionalUnit !== null) rows.push(["SCI", sciText(estimate)]);
  if (estimate.sampling !== null) rows.push(["method", samplingText(estimate.sampling)]);
  rows.push(...unansweredRows(estimate.attempts));
  return [
    `${style.strong(`${formatGrams(estimate.grams)} CO2e`)}  ${intervalText(estimate)}\n\n`,
    labelledRows(rows, width, style),
    `\n${style.strong("Uncertainty budget")} (${formatGrams(estimate.standardUncertaintyGrams)} standard uncertainty)\n`,
    ...(withWholeBudget ? wholeBudget(estimate.budget) : budgetRows(estimate.budget)),
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

function hardwareText({ embodied }: CarbonEstimate): string {
  const { grams, manufacturingKg, lifetimeYears, resourceShare, citation } = embodied;
  const parts = `${formatSignificant(manufacturingKg ?? 0)} kg over ${formatSignificant(lifetimeYears ?? 0)} years, a share of ${formatSignificant(resourceShare ?? 0)}`;
  return `${formatGrams(grams ?? 0)} of the grams (${parts}; ${citation ?? "stated"})`;
}

const sciReasons = {
  no_functional_unit: "not stated: --functional-unit-count is missing",
  embodied_not_declared: "not stated: embodied carbon is not declared",
  no_average_intensity: "not stated: no average intensity is known",
} as const;

function sciText({ sci }: CarbonEstimate): string {
  if (sci.status !== "stated") return `${sciReasons[sci.status]} (${sci.standard})`;
  const [score, lower, upper] = [sci.score ?? 0, sci.lower ?? 0, sci.upper ?? 0].map(formatGrams);
  return `${score} CO2e per ${printable(sci.functionalUnit ?? "unit")}, interval ${lower} to ${upper} (${sci.standard})`;
}

function samplingText({ trials, seed, sampler, isStable }: SamplingUsed): string {
  const stable = isStable ? "" : "; not stable to two digits yet";
  return `Monte Carlo, ${trials} trials, seed ${seed}, ${sampler}${stable}`;
}

/** Every row with its figures, largest share first (JCGM 100, 7.2.7). */
function wholeBudget(budget: readonly BudgetRow[]): readonly string[] {
  const header = ["share", "estimate", "u", "unit", "type", "distribution", "source of the error"];
  const rows = [...budget]
    .sort((left, right) => right.shareOfVariance - left.shareOfVariance)
    .map((row) => [
      formatRatioAsPercent(row.shareOfVariance),
      formatSignificant(row.estimate),
      formatSignificant(row.standardUncertainty),
      row.unit,
      row.type,
      row.distribution,
      row.sourceId,
    ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [header, ...rows].map((row) => {
    const cells = row.map((cell, column) =>
      column < 3 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
    );
    return `  ${cells.join("  ").trimEnd()}\n`;
  });
}

function budgetRows(budget: readonly BudgetRow[]): readonly string[] {
  const rows = [...budget].sort((left, right) => right.shareOfVariance - left.shareOfVariance);
  const width = Math.max(...rows.map(({ quantity }) => quantity.length));
  return rows.map(
    ({ quantity, shareOfVariance, scope }) =>
      `  ${quantity.padEnd(width)}  ${formatRatioAsPercent(shareOfVariance).padStart(8)}  ${scope}\n`,
  );
}
