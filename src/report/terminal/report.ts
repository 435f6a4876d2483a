import type { AggregateGroup } from "../../carbon/aggregate.ts";
import { formatEnergyWh, formatGrams, formatSignificant } from "../../units.ts";
import type { Breakdown, LedgerReport, TimeSeries } from "../ledger-report.ts";
import { perCallCells, perCallTitles } from "../per-call.ts";
import {
  breakdownTitle,
  energyUncertaintyText,
  gramsText,
  intervalText,
  kindText,
  levelText,
  othersText,
  perText,
  qualityTexts,
  rangeText,
  shareText,
  timeNote,
  truncationText,
  uncertaintyText,
  unnamedText,
} from "../report-words.ts";
import { explanation, signedText, verdict } from "../verification-words.ts";
import { fitted } from "./cells.ts";
import { labelledRows, printable, type TextStyle, visibleName, wrapText } from "./style.ts";

interface Page {
  readonly report: LedgerReport;
  readonly width: number;
  readonly style: TextStyle;
}

/** What `carbon-ops report` shows in a terminal. */
export function reportPage(report: LedgerReport, width: number, style: TextStyle): string {
  const page: Page = { report, width, style };
  const parts = [
    headPart(page),
    totalsPart(page),
    timePart(page),
    ...report.breakdowns.map((breakdown) => breakdownPart(breakdown, page)),
    perCallPart(page),
    uncertaintyPart(page),
    listPart("Data quality and coverage", qualityTexts(report), page),
    equivalentsPart(page),
    verificationPart(page),
    methodPart(page),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function headPart({ report, width, style }: Page): string {
  const { title, filters, verification } = report;
  const only =
    filters.length === 0 ? [] : wrapText(`Only records: ${filters.map((text) => printable(text)).join(", ")}.`, width);
  const sentence = wrapText(
    `${verdict(verification)}: ${printable(report.path)}. ${explanation(verification)}`,
    width,
  ).join("\n");
  const lines = verification.valid ? [sentence] : ["#".repeat(width), sentence, "#".repeat(width)];
  return [
    ...wrapText(printable(title), width).map((line) => style.strong(line)),
    ...only,
    ...lines.map((line) => coloured(line, report, style)),
    "",
  ].join("\n");
}

function coloured(line: string, { verification }: LedgerReport, style: TextStyle): string {
  if (!verification.valid) return style.bad(line);
  return verdict(verification) === "Valid" ? style.good(line) : style.caution(line);
}

function totalsPart({ report, width, style }: Page): string {
  const { total, span, kind } = report;
  if (total === null) return `${style.caution("There is no such estimate in this ledger.")}\n`;
  const rows: (readonly [string, string])[] = [];
  for (const each of kind === "average" ? (["average", "marginal"] as const) : (["marginal"] as const)) {
    const figures = total[each];
    if (figures === null) continue;
    const some = figures.recordCount === total.recordCount ? "" : `, of ${figures.recordCount} of the records`;
    rows.push([
      each === "average" ? "CO2e" : "CO2, marginal",
      `${formatGrams(figures.grams)}, ${levelText(figures)} interval ${intervalText(figures)}, ± ${uncertaintyText(figures)} (${kindText(each, figures)}${some})`,
    ]);
  }
  rows.push(["energy", `${formatEnergyWh(total.energyWh)}; ${energyUncertaintyText(report)}`]);
  const truncation = truncationText(total);
  if (truncation !== "") rows.push(["", truncation]);
  rows.push(["records", String(total.recordCount)]);
  if (span !== null) rows.push(["time", `${span.startTs} to ${span.endTs}`]);
  return labelledRows(rows, width, style);
}

const blocks = "▁▂▃▄▅▆▇█";

function timePart({ report, width, style }: Page): string {
  const { time, kind, total } = report;
  if (time === null || total === null) return "";
  return [
    style.strong(`Over time, ${perText("a column", time)}`),
    ...sparkLines("CO2e", time, (group) => group[kind]?.grams ?? null, formatGrams, width),
    ...sparkLines("energy", time, ({ energyWh }) => energyWh, formatEnergyWh, width),
    ...axisLines(time, width),
    ...wrapText(timeNote(time), width - 2).map((line) => `  ${style.faint(line)}`),
    "",
  ].join("\n");
}

const nameWidth = 9;

/** More periods than columns are shown in several lines. */
function sparkLines(
  name: string,
  { periods }: TimeSeries,
  figureOf: (group: AggregateGroup) => number | null,
  format: (value: number) => string,
  width: number,
): readonly string[] {
  const values = periods.map(({ group }) => (group === null ? null : figureOf(group)));
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  const cells = values.map((value) => cellOf(value, largest)).join("");
  const room = Math.max(10, width - nameWidth - 2);
  const chunks = cells.match(new RegExp(`.{1,${room}}`, "gu")) ?? [];
  return [
    ...chunks.map((chunk, index) => `  ${(index === 0 ? name : "").padEnd(nameWidth)}${chunk}`),
    `  ${" ".repeat(nameWidth)}highest ${format(largest)}`,
  ];
}

function cellOf(value: number | null, largest: number): string {
  if (value === null) return "·";
  const level = largest > 0 ? Math.floor((value / largest) * blocks.length) : 0;
  return blocks[Math.min(blocks.length - 1, Math.max(0, level))] ?? " ";
}

function axisLines({ periods }: TimeSeries, width: number): readonly string[] {
  const [first, last] = [periods.at(0)?.label ?? "", periods.at(-1)?.label ?? ""];
  const text = periods.length === 1 ? first : `${first} to ${last}`;
  return wrapText(`${text}${periods.some(({ group }) => group === null) ? "; · no record" : ""}`, width - 2).map(
    (line) => `  ${line}`,
  );
}

const columnWidths = [9, 19, 6, 9, 8];
const callColumnWidths = [9, 13, 10];

function breakdownPart(breakdown: Breakdown, { report, width, style }: Page): string {
  const { total, kind } = report;
  if (total === null) return "";
  const line = tableLine(columnWidths, width);
  const cellsOf = (group: AggregateGroup): readonly string[] => {
    const figures = group[kind];
    const [interval, uncertainty] = figures === null ? ["-", "-"] : [intervalText(figures), uncertaintyText(figures)];
    return [gramsText(group, kind), interval, uncertainty, formatEnergyWh(group.energyWh), String(group.recordCount)];
  };
  return [
    style.strong(printable(breakdownTitle(breakdown))),
    style.faint(line("", ["CO2e", "95 % interval", "±", "energy", "records"])),
    ...breakdown.rows.map(({ name, group }) =>
      line(name === null ? `(${unnamedText(breakdown)})` : visibleName(name), cellsOf(group)),
    ),
    ...(breakdown.others === null ? [] : [line(`(${othersText(breakdown)})`, cellsOf(breakdown.others.group))]),
    "",
  ].join("\n");
}

/** What a call took, by task: beside the other figures there is no room for it. */
function perCallPart({ report: { breakdowns, total, kind }, width, style }: Page): string {
  const rows = breakdowns
    .filter(({ dimension }) => dimension === "task")
    .flatMap((breakdown) => breakdown.rows)
    .filter(({ group }) => group.calls !== null);
  if (total === null || rows.length === 0) return "";
  const line = tableLine(callColumnWidths, width);
  return [
    style.strong("By call, of records that count calls"),
    style.faint(line("", perCallTitles)),
    ...rows.map(({ name, group }) =>
      line(name === null ? "(without a name)" : visibleName(name), perCallCells(group, kind)),
    ),
    line("(total)", perCallCells(total, kind)),
    "",
  ].join("\n");
}

function tableLine(widths: readonly number[], width: number): (name: string, cells: readonly string[]) => string {
  const taken = widths.reduce((sum, size) => sum + size + 1, 0);
  const names = Math.max(12, width - taken - 2);
  return (name, cells) =>
    `  ${fitted(printable(name), names)}${cells.map((cell, index) => ` ${cell.padStart(widths[index] ?? 0)}`).join("")}`.trimEnd();
}

function uncertaintyPart({ report, width, style }: Page): string {
  if (report.uncertainty.length === 0) return "";
  const rows = report.uncertainty
    .slice(0, 8)
    .map(({ quantity, shareOfVariance, scope }): readonly [string, string] => [
      shareText(shareOfVariance),
      printable(`${quantity} (${scope})`),
    ]);
  return `${style.strong("What dominates the uncertainty, by share of the variance")}\n${labelledRows(rows, width, style)}`;
}

function listPart(title: string, texts: readonly string[], { width, style }: Page): string {
  if (texts.length === 0) return "";
  const lines = texts.flatMap((text) =>
    wrapText(printable(text), width - 4).map((line, index) => `${index === 0 ? "  - " : "    "}${line}`),
  );
  return [style.strong(title), ...lines, ""].join("\n");
}

function equivalentsPart(page: Page): string {
  const texts = page.report.equivalents.map(
    ({ quantity, unit, source }) => `${formatSignificant(quantity, 2)} ${unit} (${source})`,
  );
  return listPart("In everyday terms, about as much as one of these", texts, page);
}

function verificationPart({ report, width, style }: Page): string {
  const { verification } = report;
  const rows: (readonly [string, string])[] = [
    ["verdict", verdict(verification)],
    ["signed", signedText(verification)],
    ["unsigned", verification.unsignedLines === 0 ? "nothing" : `${verification.unsignedLines} lines`],
  ];
  if (verification.root !== null) rows.push(["root", verification.root]);
  for (const { file, reason } of verification.checkpoints.problems)
    rows.push(["checkpoint", printable(`${file}: ${reason}`)]);
  if (verification.tornTail !== null)
    rows.push(["torn tail", `${verification.tornTail.bytes} bytes, no part of the ledger`]);
  return `${style.strong("Verification")}\n${labelledRows(rows, width, style)}`;
}

function methodPart(page: Page): string {
  const { method, total } = page.report;
  if (total === null) return "";
  const listed = 6;
  const intensities = method.intensities
    .slice(0, listed)
    .map(
      ({ value }) => `${value.zone}: ${rangeText(value.lowest, value.highest, "g/kWh")} ${value.kind}, ${value.source}`,
    );
  const factors = method.factors
    .slice(0, listed)
    .map(({ value }) => `${value.quantity}: ${rangeText(value.lowest, value.highest, value.unit)} (${value.citation})`);
  const more = method.intensities.length + method.factors.length - intensities.length - factors.length;
  const versions = method.conversionVersions.map(({ value }) => value);
  return listPart(
    "How it was computed",
    [
      `Methods: ${method.methods.map(({ value }) => value).join(", ")}; version of the arithmetic: ${versions.join(", ")}.`,
      ...intensities,
      ...factors,
      ...(more > 0 ? [`${more} more: -o FILE and --json show them`] : []),
    ],
    page,
  );
}
