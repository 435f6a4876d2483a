import type { CommandFigures, Comparison } from "../../comparison/comparison.ts";
import type { GateVerdict } from "../../comparison/gate.ts";
import type { ComparisonResult } from "../../comparison/result.ts";
import { formatDurationSeconds, formatEnergyWh, formatGrams, formatLevel } from "../../units.ts";
import {
  cutShortText,
  gateText,
  labelAt,
  outlierTexts,
  planText,
  rankText,
  scatterText,
  verdictText,
} from "../comparison-words.ts";
import { labelledRows, printable, type TextStyle, wrapText } from "./style.ts";

/** What `carbon-ops compare` shows on a terminal. */
export function comparisonPage(result: ComparisonResult, width: number, style: TextStyle): string {
  const { comparison } = result;
  return [
    headline(result, style),
    ...comparison.commands.map((figures, index) => commandText(result, figures, index, width, style)),
    "\n",
    stripPlot(comparison, width, style),
    "\n",
    labelledRows(rowsOf(result, style), width, style),
  ].join("");
}

function headline(result: ComparisonResult, style: TextStyle): string {
  const { comparison } = result;
  const cut = cutShortText(result);
  const runs = `${comparison.roundCount} runs each, in turns`;
  return `${style.strong("carbon-ops compare")}  ${runs}${cut === null ? "" : `  ${style.caution(cut)}`}\n`;
}

function commandText(
  { carbon }: ComparisonResult,
  commandFigures: CommandFigures,
  index: number,
  width: number,
  style: TextStyle,
): string {
  const { label, command, meanWh, meanDurationSeconds, meanCpuSeconds } = commandFigures;
  const estimate = carbon[index] ?? null;
  const grams = estimate === null ? "carbon not known" : `${formatGrams(estimate.grams)} CO2e`;
  const figures = [
    `${style.strong(formatEnergyWh(meanWh))} a run, scatter ${scatterText(commandFigures)}`,
    grams,
    formatDurationSeconds(meanDurationSeconds),
    `CPU ${formatDurationSeconds(meanCpuSeconds)}`,
  ].join("; ");
  const shown = wrapText(printable(command), Math.max(20, width - 5));
  const lines = shown.slice(0, longestCommandLines);
  const rest = shown.length > longestCommandLines ? " …" : "";
  return `  ${style.strong(label)}  ${lines.join("\n     ")}${rest}\n     ${figures}\n`;
}

const longestCommandLines = 2;

function rowsOf(result: ComparisonResult, style: TextStyle): readonly (readonly [string, string])[] {
  const { comparison, carbon, basis, notes, seed } = result;
  const rows: (readonly [string, string])[] = [];
  for (const pair of comparison.pairs) {
    const verdict = verdictText(comparison, pair);
    const painted = pair.ratio < 1 ? style.good(verdict) : style.bad(verdict);
    rows.push([pairLabel(comparison, pair), pair.isReal ? painted : verdict]);
    const rank = rankText(comparison, pair);
    if (rank !== null) rows.push(["", rank]);
    rows.push(["plan", planText(comparison, pair)]);
  }
  for (const text of outlierTexts(comparison)) rows.push(["outlier", style.caution(text)]);
  for (const verdict of result.gate) {
    rows.push(["limit", gateRow(gateText(comparison, verdict), verdict, style)]);
  }
  const [estimate] = carbon;
  if (estimate !== undefined && estimate !== null) {
    const { interval, region, intensityGPerKwh, pueUsed } = estimate;
    rows.push([
      "carbon",
      `the same percentages: all runs used the same electricity (${region}, ${Math.round(intensityGPerKwh)} g/kWh, PUE ${pueUsed}); a run of A ${formatGrams(interval.lowerGrams)} to ${formatGrams(interval.upperGrams)} (${formatLevel(interval.level)})`,
    ]);
  }
  rows.push(["joules from", basis]);
  for (const note of notes) rows.push(["note", note]);
  rows.push(["order", `random within each round, --seed ${seed} repeats it`]);
  return rows;
}

function gateRow(text: string, { isWorse, mayBeWorse }: GateVerdict, style: TextStyle): string {
  if (isWorse) return style.bad(text);
  return mayBeWorse ? style.caution(text) : style.good(text);
}

function pairLabel({ commands }: Comparison, pair: { readonly command: number; readonly reference: number }): string {
  return `${labelAt(commands, pair.command)} to ${labelAt(commands, pair.reference)}`;
}

const plotMargin = 5;
/** How many runs fall on one place of a strip. */
const densities = ".:oO@";

/** One strip a command on a common axis: each run a mark, outliers x, the mean |. */
function stripPlot({ commands }: Comparison, width: number, style: TextStyle): string {
  const columns = Math.max(20, Math.min(width, 80) - plotMargin - 2);
  const all = commands.flatMap(({ energyWh }) => energyWh);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const span = high > low ? high - low : 1;
  const columnOf = (energyWh: number): number => Math.round(((energyWh - low) / span) * (columns - 1));
  const strips = commands.map(({ label, energyWh, outliers, meanWh }) => {
    const counts = new Array<number>(columns).fill(0);
    for (const each of energyWh) counts[columnOf(each)] = (counts[columnOf(each)] ?? 0) + 1;
    const cells = counts.map((count) =>
      count === 0 ? " " : (densities[Math.min(count, densities.length) - 1] ?? " "),
    );
    for (const outlier of outliers) cells[columnOf(outlier.energyWh)] = "x";
    const means = `${" ".repeat(columnOf(meanWh))}|`;
    return `  ${style.strong(label)}  ${cells.join("").trimEnd()}\n     ${style.faint(means)}\n`;
  });
  const end = formatEnergyWh(high);
  const start = formatEnergyWh(low);
  const axis = `${" ".repeat(plotMargin)}${start}${end.padStart(Math.max(end.length + 1, columns - start.length))}\n`;
  const legend = `${" ".repeat(plotMargin)}${style.faint(". a run, : two, o three; | mean; x outlier")}\n`;
  return `${strips.join("")}${" ".repeat(plotMargin)}${"-".repeat(columns)}\n${axis}${legend}`;
}
