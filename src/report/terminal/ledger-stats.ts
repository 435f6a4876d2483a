import type { Aggregate, AggregateGroup, AggregateKey } from "../../carbon/aggregate.ts";
import type { GramsTotal } from "../../carbon/aggregate-grams.ts";
import { shellQuoted } from "../../discovery/shell.ts";
import { formatEnergyWh, formatGrams, formatLevel, formatSignificant } from "../../units.ts";
import { perCallCells, perCallTitles } from "../per-call.ts";
import { truncationText } from "../report-words.ts";
import { printable, type TextStyle, visibleName } from "./style.ts";

export interface LedgerStats {
  readonly file: string;
  readonly by: readonly AggregateKey[];
  readonly totals: Aggregate;
  /** Records left out because they are parts of others that count. */
  readonly partCount: number;
}

/** What `ledger stats` shows: a row for each group, one for all of them, and what the figures mean. */
export function statsPage(stats: LedgerStats, style: TextStyle): string {
  const { file, by, totals } = stats;
  const { total, groups } = totals;
  if (total === null)
    return `${style.caution("There is no such estimate")} in ${printable(file)}. ${restText(stats)}`
      .trimEnd()
      .concat("\n");
  const callTitles = total.calls === null ? [] : perCallTitles;
  const header = [
    ...by.map(keyTitle),
    "records",
    "energy",
    "CO2e",
    "±",
    "interval",
    "marginal",
    "quality",
    ...callTitles,
  ];
  const cells = (group: AggregateGroup): readonly string[] => [
    ...cellsOf(by, group),
    ...(total.calls === null ? [] : perCallCells(group, "average")),
  ];
  const rows = by.length === 0 ? [] : groups.map(cells);
  const last = cells(total).map((cell, column) => {
    if (column >= by.length) return cell;
    return column === 0 ? "total" : "";
  });
  const widths = header.map((title, column) =>
    Math.max(title.length, ...[...rows, last].map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column < by.length ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [
    `${style.strong(lineOf(header))}\n`,
    ...rows.map((row) => `${lineOf(row)}\n`),
    `${style.strong(lineOf(last))}\n`,
    `\n${style.faint(meaning(total, stats))}\n`,
    `${style.faint(`Not verified: carbon-ops ledger verify ${shellQuoted(file)}`)}\n`,
  ].join("");
}

function keyTitle(key: AggregateKey): string {
  return printable(key.startsWith("label:") ? key.slice("label:".length) : key);
}

function cellsOf(by: readonly AggregateKey[], group: AggregateGroup): readonly string[] {
  const { average, marginal } = group;
  return [
    ...by.map((key) => keyText(group.keys.get(key) ?? null)),
    String(group.recordCount),
    formatEnergyWh(group.energyWh),
    average === null ? "-" : formatGrams(average.grams),
    average?.uncertaintyPct == null ? "-" : `${formatSignificant(average.uncertaintyPct, 2)} %`,
    average === null ? "-" : intervalText(average),
    marginal === null ? "-" : marginalText(marginal, group),
    group.qualityFlag,
  ];
}

function keyText(value: string | null): string {
  return value === null ? "-" : printable(visibleName(value));
}

function intervalText({ interval }: GramsTotal): string {
  if (interval.kind === "upper_limit") return `at most ${formatGrams(interval.upperGrams)}`;
  return `${formatGrams(interval.lowerGrams)} to ${formatGrams(interval.upperGrams)}`;
}

/** A marginal sum over some of the records only must not be read as one over all. */
function marginalText({ grams, recordCount }: GramsTotal, group: AggregateGroup): string {
  return recordCount === group.recordCount ? formatGrams(grams) : `${formatGrams(grams)} (${recordCount})`;
}

function meaning(total: AggregateGroup, stats: LedgerStats): string {
  const level = formatLevel((total.average ?? total.marginal)?.interval.level ?? 0.95);
  const dropped =
    total.droppedEnergyWh === 0
      ? ""
      : ` ${formatEnergyWh(total.droppedEnergyWh)} more are in no gram: no intensity of their time is known.`;
  const truncation = truncationText(total);
  const provisional =
    total.provisionalCount === 0
      ? ""
      : ` ${total.provisionalCount} of the records are provisional: their intensity may be revised.`;
  return (
    `± is one standard uncertainty, with errors that records share added up fully; the interval holds with ${level}. Marginal grams are ` +
    `another quantity and are never added to the others; in brackets how many records have them.${dropped}${provisional}${callsText(total)}${truncation === "" ? "" : ` ${truncation}`} ${restText(stats)}`.trimEnd()
  );
}

/** Calls are stated where records count them. */
function callsText({ calls, recordCount }: AggregateGroup): string {
  if (calls === null) return "";
  const some = calls.recordCount === recordCount ? "" : `, of the ${calls.recordCount} records that count calls`;
  return ` Per call are means over the calls that started${some}.`;
}

function restText({ totals: { supersededCount, otherCount }, partCount }: LedgerStats): string {
  const parts = partCount === 0 ? [] : [`${partCount} that are parts of a command's record`];
  const superseded = supersededCount === 0 ? [] : [`${supersededCount} replaced by restatements`];
  const others = otherCount === 0 ? [] : [`${otherCount} that are no estimates`];
  const left = [...superseded, ...parts, ...others];
  return left.length === 0 ? "" : `Records left out: ${left.join(", ")}. `;
}
