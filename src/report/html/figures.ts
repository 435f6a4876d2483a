import type { AggregateGroup } from "../../carbon/aggregate.ts";
import type { IntensityKind } from "../../intensity/intensity.ts";
import { formatEnergyWh, formatGrams } from "../../units.ts";
import type { Breakdown, LedgerReport, TimeSeries } from "../ledger-report.ts";
import { perCallCells, perCallTitles } from "../per-call.ts";
import {
  breakdownTitle,
  count,
  energyUncertaintyText,
  gramsText,
  intervalText,
  kindText,
  levelText,
  oneText,
  othersText,
  periodTitle,
  perText,
  shareText,
  timeNote,
  truncationText,
  uncertaintyText,
  unnamedText,
} from "../report-words.ts";
import { type Bar, barChart, rangeBar, shareBar } from "./charts.ts";
import { type Html, html, nameHtml, nothing, shortened } from "./escape.ts";
import { type Column, type Row, table } from "./table.ts";

/** Grams and energy: in total, over time, and by what they were for. */

export function totalsSection(report: LedgerReport): Html {
  const { total, span } = report;
  if (total === null)
    return html`<section id="totals"><h2>Totals</h2><p>There is no such estimate in this ledger.</p></section>`;
  const when = span === null ? nothing : html`<p>From ${minute(span.startTs)} to ${minute(span.endTs)} (UTC).</p>`;
  return html`<section id="totals"><h2>Totals</h2>${when}
<div class="cards">
${gramsCard(report, total, "average")}${gramsCard(report, total, "marginal")}<div class="card"><h3>Energy</h3><p class="figure">${formatEnergyWh(total.energyWh)}</p><p>Before losses of supply and building (wall factor, PUE); ${energyUncertaintyText(report)}.</p>${truncation(total)}</div>
<div class="card"><h3>Records</h3><p class="figure">${total.recordCount}</p><p>Estimates that count, each of them once.</p></div>
</div></section>`;
}

function truncation(total: AggregateGroup): Html {
  const text = truncationText(total);
  return text === "" ? nothing : html`<p>${text}</p>`;
}

function gramsCard({ kind: main }: LedgerReport, total: AggregateGroup, kind: IntensityKind): Html {
  const figures = total[kind];
  if (figures === null) return nothing;
  const { grams, interval, recordCount } = figures;
  const some = recordCount === total.recordCount ? "" : ` Of ${recordCount} of the records.`;
  const warning = kind === main ? "" : " Another quantity: never add it to the average.";
  return html`<div class="card"><h3>${kind === "average" ? "CO2e" : "CO2, marginal"}</h3><p class="figure">${formatGrams(grams)}</p>${rangeBar(grams, interval.lowerGrams, interval.upperGrams)}<p>${levelText(figures)} interval: ${intervalText(figures)}; ±\u00a0${uncertaintyText(figures).replace(" ", "\u00a0")} (one standard uncertainty).</p><p class="soft">By ${kindText(kind, figures)}.${some}${warning}</p></div>
`;
}

export function timeSection({ time, kind, total }: LedgerReport): Html {
  if (time === null || total === null) return nothing;
  const level = total[kind] === null ? "95 %" : levelText(total[kind]);
  return html`<section id="time"><h2>Over time</h2><p>${timeNote(time)}</p>
${barChart({
  title: perText("CO2e", time),
  measure: "CO2e",
  description: chartDescription("CO2e", time, (group) => group[kind]?.grams ?? 0, formatGrams),
  bars: barsOf(time, (group) => group[kind]?.grams ?? null, formatGrams, kind),
  colour: "grams",
  format: formatGrams,
  intervalText: `${level} interval`,
})}
${barChart({
  title: perText("Energy", time),
  measure: "energy",
  description: chartDescription("energy", time, ({ energyWh }) => energyWh, formatEnergyWh),
  bars: barsOf(time, ({ energyWh }) => energyWh, formatEnergyWh, null),
  colour: "energy",
  format: formatEnergyWh,
  intervalText: null,
})}
<details><summary>Both charts as a table</summary>
${table(
  perText("CO2e and energy", time),
  periodTitle(time),
  figureColumns.slice(0, -1),
  time.periods.map(({ label, group }) => periodRow(label, group, kind)),
)}</details></section>`;
}

type Value = (group: AggregateGroup) => number | null;

function barsOf(
  { periods }: TimeSeries,
  figureOf: Value,
  format: (value: number) => string,
  intervalOf: IntensityKind | null,
): readonly Bar[] {
  return periods.map(({ label, group }) => {
    const value = group === null ? null : figureOf(group);
    if (group === null || value === null) return { label, value: null, interval: null, text: `${label}: no record` };
    const figures = intervalOf === null ? null : group[intervalOf];
    const range = figures === null ? "" : ` (${intervalText(figures)})`;
    return {
      label,
      value,
      interval: figures === null ? null : [figures.interval.lowerGrams, figures.interval.upperGrams],
      text: `${label}: ${format(value)}${range}, ${count(group.recordCount, "record")}`,
    };
  });
}

function chartDescription(
  what: string,
  time: TimeSeries,
  figureOf: (group: AggregateGroup) => number,
  format: (value: number) => string,
): string {
  const { periods, unit } = time;
  const known = periods.flatMap(({ label, group }) => (group === null ? [] : [{ label, value: figureOf(group) }]));
  const [first] = known;
  if (first === undefined) return `No ${unit} has a record.`;
  const largest = known.reduce((most, next) => (next.value > most.value ? next : most), first);
  const smallest = known.reduce((least, next) => (next.value < least.value ? next : least), first);
  return `Bar chart of ${what} over ${periods.length} periods of ${oneText(time)}: the largest is ${largest.label} with ${format(largest.value)}, the smallest ${smallest.label} with ${format(smallest.value)}. The table below has all figures.`;
}

const figureColumns: readonly Column[] = [
  { title: "CO2e", isNumber: true },
  { title: "95 % interval", isNumber: true },
  { title: "±", isNumber: true },
  { title: "energy", isNumber: true },
  { title: "records", isNumber: true },
  { title: "share", isNumber: true },
];

const callColumns = perCallTitles.map((title): Column => ({ title, isNumber: true }));

function periodRow(label: string, group: AggregateGroup | null, kind: IntensityKind): Row {
  if (group === null) return { header: html`${label}`, cells: ["no record", "-", "-", "-", "0"], look: "rest" };
  return { header: html`${label}`, cells: figureCells(group, kind) };
}

function figureCells(group: AggregateGroup, kind: IntensityKind): readonly string[] {
  const figures = group[kind];
  return [
    gramsText(group, kind),
    figures === null ? "-" : intervalText(figures),
    figures === null ? "-" : uncertaintyText(figures),
    formatEnergyWh(group.energyWh),
    String(group.recordCount),
  ];
}

export function breakdownSection(breakdown: Breakdown, index: number, { total, kind }: LedgerReport): Html {
  if (total === null) return nothing;
  const all = total[kind]?.grams ?? 0;
  const shareOf = (group: AggregateGroup): number | null => (all > 0 ? (group[kind]?.grams ?? 0) / all : null);
  const hasCalls = breakdown.dimension === "task" && total.calls !== null;
  const row = (header: Html, group: AggregateGroup, look?: Row["look"]): Row => {
    const share = shareOf(group);
    const bar = share === null || look === "total" ? nothing : shareBar(share, "grams");
    return {
      header: html`${header}${bar}`,
      cells: [
        ...figureCells(group, kind),
        share === null ? "-" : shareText(share),
        ...(hasCalls ? perCallCells(group, kind) : []),
      ],
      ...(look === undefined ? {} : { look }),
    };
  };
  const { rows, others, isExact } = breakdown;
  const perCall = hasCalls ? " Per call are means over the calls that started, of the records that count calls." : "";
  const rough = isExact
    ? ""
    : " There are more names than are remembered: whether these are the largest is likely, not sure.";
  return html`<section id="by-${index}"><h2>${shortened(breakdownTitle(breakdown))}</h2>
${table(
  `The largest first; shares are of the CO2e, intervals take in the errors that records share.${perCall}${rough}`,
  "name",
  hasCalls ? [...figureColumns, ...callColumns] : figureColumns,
  [
    ...rows.map(({ name, group }) =>
      name === null ? row(html`${unnamedText(breakdown)}`, group, "rest") : row(nameHtml(name), group),
    ),
    ...(others === null ? [] : [row(html`${othersText(breakdown)}`, others.group, "rest")]),
    row(html`total`, total, "total"),
  ],
)}</section>`;
}

function minute(iso: string): string {
  return iso.slice(0, "2026-01-01T00:00".length).replace("T", " ");
}
