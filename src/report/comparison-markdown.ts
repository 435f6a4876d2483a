import type { ComparisonResult } from "../comparison/result.ts";
import { formatDurationSeconds, formatEnergyWh, formatGrams } from "../units.ts";
import {
  changeRange,
  changeText,
  cutShortText,
  gateText,
  labelAt,
  outlierTexts,
  planText,
  pValueText,
  rankText,
  scatterText,
  verdictText,
} from "./comparison-words.ts";
import { printable } from "./terminal/style.ts";

/** A comparison as Markdown, for the summary of a build or a comment on a change. */
export function comparisonMarkdown(result: ComparisonResult): string {
  const { comparison, carbon, notes, basis, gate, seed } = result;
  const { commands, pairs } = comparison;
  const cut = cutShortText(result);
  const lines = [
    "### Energy and carbon of commands",
    "",
    ...pairs.map((pair) => `- ${pair.isReal ? "**" : ""}${verdictText(comparison, pair)}${pair.isReal ? "**" : ""}.`),
    ...gate.map(
      (verdict) => `- ${verdict.isWorse ? "**Limit exceeded:** " : "Limit: "}${gateText(comparison, verdict)}.`,
    ),
    ...(cut === null ? [] : [`- Cut short: ${cut}.`]),
    "",
    "| | command | energy a run | scatter | CO2e a run | time | CPU time |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ...commands.map((figures, index) => {
      const estimate = carbon[index] ?? null;
      return row([
        figures.label,
        code(figures.command),
        formatEnergyWh(figures.meanWh),
        scatterText(figures),
        estimate === null ? "not known" : formatGrams(estimate.grams),
        formatDurationSeconds(figures.meanDurationSeconds),
        formatDurationSeconds(figures.meanCpuSeconds),
      ]);
    }),
    "",
    "| pair | difference | interval | chance | rounds |",
    "| --- | ---: | --- | --- | --- |",
    ...pairs.map((pair) =>
      row([
        `${labelAt(commands, pair.command)} to ${labelAt(commands, pair.reference)}`,
        changeText(pair.ratio),
        changeRange(pair.lower, pair.upper),
        [pValueText(pair.adjustedPValue), rankText(comparison, pair)].filter((text) => text !== null).join("; "),
        planText(comparison, pair),
      ]),
    ),
    "",
    ...[...outlierTexts(comparison).map((text) => `Outlier: ${text}.`), basis, ...notes].map((text) => `- ${text}`),
    `- Order of the runs: random within each round, seed ${seed}.`,
    "",
  ];
  return lines.join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Somebody else's text as code in a cell: no backtick, bar or line feed of it ends the code or the cell. */
function code(text: string): string {
  const inside = printable(text).replaceAll("|", "\\|");
  const longestRun = Math.max(0, ...[...inside.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longestRun + 1);
  return longestRun === 0 ? `${fence}${inside}${fence}` : `${fence} ${inside} ${fence}`;
}
