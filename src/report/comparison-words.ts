import type { CommandFigures, Comparison, PairFigures } from "../comparison/comparison.ts";
import type { GateVerdict } from "../comparison/gate.ts";
import type { ComparisonResult } from "../comparison/result.ts";
import { formatEnergyWh, formatLevel, formatRatioAsPercent, formatSignificant } from "../units.ts";

/** The sentences of a comparison, the same for the terminal and for Markdown. */

/** "4.9 % less", "5.1 % more". */
export function changeText(ratio: number): string {
  const change = formatRatioAsPercent(Math.abs(ratio - 1));
  return ratio < 1 ? `${change} less` : `${change} more`;
}

/** "3.1 % to 6.7 % less", "1.2 % less to 3.4 % more". */
export function changeRange(lower: number, upper: number): string {
  if (lower >= 1) return `${formatRatioAsPercent(lower - 1)} to ${changeText(upper)}`;
  if (upper <= 1) return `${formatRatioAsPercent(1 - upper)} to ${changeText(lower)}`;
  return `${changeText(lower)} to ${changeText(upper)}`;
}

/** How much runs scatter; clocks that show the same twice do not make it nothing. */
export function scatterText({ lnDeviation }: CommandFigures): string {
  return lnDeviation < 1e-4 ? "below 0.01 %" : formatRatioAsPercent(lnDeviation);
}

/** p-values have no use for more than two digits, and below one in a million none for their size. */
export function pValueText(pValue: number): string {
  return pValue < 1e-6 ? "p < 0.000001" : `p = ${formatSignificant(pValue, 2)}`;
}

export function labelAt(commands: readonly CommandFigures[], index: number): string {
  return commands[index]?.label ?? "?";
}

/** Which of a pair uses less, by how much, and whether that may be chance. */
export function verdictText({ commands, level }: Comparison, pair: PairFigures): string {
  const [name, reference] = [labelAt(commands, pair.command), labelAt(commands, pair.reference)];
  const range = `${formatLevel(level)} interval ${changeRange(pair.lower, pair.upper)}`;
  const chance = pValueText(pair.adjustedPValue);
  return pair.isReal
    ? `${name} uses ${changeText(pair.ratio)} energy and carbon than ${reference} (${range}; ${chance})`
    : `no difference between ${name} and ${reference} is shown: ${name} took ${changeText(pair.ratio)}, and ${chance} is what chance does (${range})`;
}

/** Runs below which ranks are worth a look beside the t-test. */
const fewRuns = 15;

/** The rank test beside it, where runs are few; null where they are not. */
export function rankText({ roundCount, level }: Comparison, { rankPValue, pValue }: PairFigures): string | null {
  if (roundCount >= fewRuns) return null;
  const agrees = rankPValue < 1 - level === pValue < 1 - level;
  const meaning = agrees ? "agrees" : "does not agree, being less sharp with few runs";
  return `by ranks alone (Mann-Whitney) ${pValueText(rankPValue)}: ${meaning}`;
}

/** What these rounds show, and what more would. */
export function planText({ power, roundCount }: Comparison, { detectableDifference, plan }: PairFigures): string {
  const shown = `${roundCount} runs each show ${formatRatioAsPercent(detectableDifference)} with probability ${power}`;
  const needed = plan.flatMap(({ difference, more }) => {
    if (more === null) return [];
    return [more === 0 ? `${formatLevel(difference)} no more` : `${formatLevel(difference)} ${more} more`];
  });
  const hidden = plan.filter(({ more }) => more === null).map(({ difference }) => formatLevel(difference));
  return [
    shown,
    ...(needed.length === 0 ? [] : [`needed for ${needed.join(", ")}`]),
    ...(hidden.length === 0 ? [] : [`no number of runs shows ${hidden.join(", ")}, for the errors that do not cancel`]),
  ].join("; ");
}

/** One a run that stands out; what the figures would be without. */
export function outlierTexts(comparison: Comparison): readonly string[] {
  const named = comparison.commands.flatMap(({ label, outliers }) =>
    outliers.map(
      ({ round, energyWh, ratioToMedian }) =>
        `${label} in round ${round}: ${formatEnergyWh(energyWh)}, ${changeText(ratioToMedian)} than its median; it is in all figures`,
    ),
  );
  const without = comparison.pairs.flatMap((pair) => {
    const left = pair.withoutOutliers;
    if (left === null) return [];
    const names = `${labelAt(comparison.commands, pair.command)} to ${labelAt(comparison.commands, pair.reference)}`;
    return [
      `without those rounds, ${names} would be ${changeText(left.ratio)} (${pValueText(left.pValue)}, not adjusted)`,
    ];
  });
  return [...named, ...without];
}

export function gateText({ commands }: Comparison, { command, limit, isWorse, mayBeWorse }: GateVerdict): string {
  const [name, reference] = [labelAt(commands, command), labelAt(commands, 0)];
  const size = formatLevel(limit);
  if (isWorse) return `${name} is worse than ${reference} by more than ${size}: its whole interval lies above`;
  if (mayBeWorse)
    return `${name} is not shown to be worse than ${reference} by ${size}, nor is it ruled out: its interval reaches above`;
  return `${name} is not worse than ${reference} by ${size}: its whole interval lies below`;
}

export function cutShortText({ cutShort, wantedRounds, comparison }: ComparisonResult): string | null {
  if (cutShort === null) return null;
  const why = cutShort === "interrupted" ? "interrupted" : "a command failed";
  return `${why} after ${comparison.roundCount} of ${wantedRounds} rounds; this is what they say`;
}
