import type { Aggregate, AggregateGroup } from "../../carbon/aggregate.ts";
import type { GramsTotal } from "../../carbon/aggregate-grams.ts";
import { formatEnergyWh, formatGrams, formatLevel } from "../../units.ts";
import { labelledRows, printable, type TextStyle } from "./style.ts";

/** Totals of a ledger for people: one paragraph a group, the sum of all below. */
export function totalsPage(
  file: string,
  { groups, total, supersededCount }: Aggregate,
  width: number,
  style: TextStyle,
): string {
  if (total === null) return `${printable(file)} holds no estimate.\n`;
  const parts = total.recordCount > 0 && groups[0]?.keys.size === 0 ? [] : groups;
  const restated = supersededCount === 0 ? "" : `; ${supersededCount} restated before, of which the latest counts`;
  return [
    ...parts.map((group) => groupText(keysText(group), group, width, style)),
    groupText("all", total, width, style, restated),
    style.faint("not verified: carbon-ops ledger verify\n"),
  ].join("\n");
}

function keysText({ keys }: AggregateGroup): string {
  return [...keys]
    .map(([key, value]) => `${printable(key)} ${value === null ? "(none)" : printable(value)}`)
    .join(", ");
}

function groupText(title: string, group: AggregateGroup, width: number, style: TextStyle, more = ""): string {
  const { recordCount, provisionalCount, average, marginal } = group;
  const provisional = provisionalCount === 0 ? "" : `, ${provisionalCount} provisional (carbon-ops settle)`;
  const rows: (readonly [string, string])[] = [
    ["estimates", `${recordCount}${provisional}${more}`],
    ["energy", formatEnergyWh(group.energyWh)],
  ];
  if (average !== null) rows.push(["carbon", `${gramsText(average)}, average`]);
  if (marginal !== null) rows.push(["at the margin", `${gramsText(marginal)}: another quantity, not to be added`]);
  return `${style.strong(title)}\n${labelledRows(rows, width, style)}`;
}

function gramsText({ grams, interval, scopes }: GramsTotal): string {
  const unlike = scopes.length > 1 ? "; life-cycle and direct grams were added, which are unlike" : "";
  const level = formatLevel(interval.level);
  if (interval.kind === "upper_limit")
    return `${formatGrams(grams)}, at most ${formatGrams(interval.upperGrams)} (${level})${unlike}`;
  return `${formatGrams(grams)} (${level} interval ${formatGrams(interval.lowerGrams)} to ${formatGrams(interval.upperGrams)})${unlike}`;
}
