import type {
  IntensityAnswer,
  IntensityKind,
  IntensityPeriod,
  IntensitySeries,
  TimeInterval,
} from "../../intensity/intensity.ts";
import { formatDurationSeconds, formatSignificant } from "../../units.ts";
import { intensityPlot, minuteText } from "./intensity-plot.ts";
import { labelledRows, printable, type TextStyle } from "./style.ts";

export interface IntensityFindings {
  readonly region: string;
  readonly zone: string;
  readonly zoneName: string;
  /** How the region became the zone, in words. */
  readonly mapping: string;
  /** The times that were asked for. */
  readonly interval: TimeInterval;
  readonly nowMs: number;
  /** "latest": the newest value alone is shown. */
  readonly view: "latest" | "table" | "plot";
  readonly answers: readonly { readonly kind: IntensityKind; readonly answer: IntensityAnswer }[];
}

export function intensityPage(findings: IntensityFindings, width: number, style: TextStyle): string {
  const place = `${style.strong(findings.region)}  ${findings.zoneName} (${findings.mapping})\n`;
  return [place, ...findings.answers.map(({ kind, answer }) => answerText(kind, answer, findings, width, style))].join(
    "\n",
  );
}

function answerText(
  kind: IntensityKind,
  { series, attempts }: IntensityAnswer,
  findings: IntensityFindings,
  width: number,
  style: TextStyle,
): string {
  const others = attempts
    .filter(({ reason }) => reason !== null)
    .map(({ providerId, outcome, reason }): [string, string] => [
      outcome === "not_asked" ? "not asked" : outcome === "failed" ? "no answer" : "in part",
      printable(`${providerId}: ${reason}`),
    ]);
  const rows = series === null ? others : [...provenanceRows(series, findings), ...others];
  const why = rows.length === 0 ? "" : labelledRows(rows, width, style);
  if (series === null) return `${style.strong(kind)}  no value is known\n${why}`;
  return `${headline(kind, series, findings, style)}\n${body(series, findings, width)}${why}`;
}

function headline(
  kind: IntensityKind,
  series: IntensitySeries,
  { interval, view }: IntensityFindings,
  style: TextStyle,
): string {
  const newest = series.periods.at(-1);
  if (series.periodSeconds === null && newest !== undefined) {
    return `${style.strong(`${kind}  ${formatSignificant(newest.gramsPerKwh)} g/kWh`)}  not of these hours: ${estimationText(newest)}`;
  }
  if (view !== "latest" || newest === undefined) {
    return `${style.strong(`${kind}  ${formatSignificant(meanOf(series, interval))} g/kWh`)}  mean of the time that is known`;
  }
  const value = `${kind}  ${formatSignificant(newest.gramsPerKwh)} g/kWh`;
  return `${style.strong(value)}  ${minuteText(newest.startMs)} to ${minuteText(newest.endMs)}, ${estimationText(newest)}`;
}

/** Over the known part of the interval, by time. */
function meanOf({ periods }: IntensitySeries, { startMs, endMs }: TimeInterval): number {
  let [sum, length] = [0, 0];
  for (const period of periods) {
    const overlapMs = Math.max(0, Math.min(period.endMs, endMs) - Math.max(period.startMs, startMs));
    sum += overlapMs * period.gramsPerKwh;
    length += overlapMs;
  }
  return length > 0 ? sum / length : (periods[0]?.gramsPerKwh ?? 0);
}

/** More rows than a person reads: the whole is in the JSON. */
const mostRows = 100;

function body(
  { periods, periodSeconds }: IntensitySeries,
  { view, interval }: IntensityFindings,
  width: number,
): string {
  if (view === "latest" || periodSeconds === null) return "";
  if (view === "plot") return `${intensityPlot(periods, interval, width)}\n`;
  const rows = periods
    .slice(0, mostRows)
    .map(
      (period) =>
        `  ${minuteText(period.startMs)}  ${formatSignificant(period.gramsPerKwh).padStart(6)} g/kWh  ${estimationText(period)}\n`,
    );
  const more = periods.length > mostRows ? `  ${periods.length - mostRows} more: --json has them all\n` : "";
  return `${rows.join("")}${more}\n`;
}

function estimationText({ isEstimated, estimationMethod }: IntensityPeriod): string {
  return isEstimated ? `estimated (${printable(estimationMethod ?? "by its provider")})` : "observed";
}

function provenanceRows(series: IntensitySeries, { nowMs }: IntensityFindings): readonly (readonly [string, string])[] {
  const { kind, scope, basis, year, period = String(year) } = series;
  const gas = kind === "marginal" ? "CO2 of one more kWh" : "CO2e";
  return [
    [
      "provider",
      `${series.providerId} ${series.providerVersion}: ${printable(series.source)} (${printable(series.licence)})`,
    ],
    ["what", `${kind}, ${scope}, ${basis}; ${gas}${year === null ? "" : `; annual, of ${period}`}`],
    ["zone", series.providerZone],
    ["age", ageText(series, nowMs)],
    ["error", errorText(series)],
    ...(series.isProvisional ? [["final", "no: its publisher may still revise it"] as const] : []),
  ];
}

function ageText({ year, periods, cache, cacheAgeSeconds }: IntensitySeries, nowMs: number): string {
  const endMs = periods.at(-1)?.endMs ?? nowMs;
  const stored =
    cache === "hit" && cacheAgeSeconds !== null ? `; fetched ${formatDurationSeconds(cacheAgeSeconds)} ago` : "";
  if (year !== null) return `${new Date(nowMs).getUTCFullYear() - year} calendar years`;
  if (endMs >= nowMs) return `of the present period${stored}`;
  return `ended ${formatDurationSeconds((nowMs - endMs) / 1000)} ago${stored}`;
}

/** What one value may be off by: the shared parts, and the largest of the periods' own. */
function errorText({ errors, periods }: IntensitySeries): string {
  const shared = errors.map(({ relativeUncertainty }) => relativeUncertainty);
  const own = Math.max(0, ...periods.map(({ relativeUncertainty }) => relativeUncertainty));
  // Independent lognormal factors: 1 + r^2 multiplies (JCGM 100, 5.1.2, in its exact form).
  const product = [...shared, own].reduce((total, relative) => total * (1 + relative ** 2), 1);
  return `${formatSignificant(100 * Math.sqrt(product - 1))} % standard uncertainty of one value`;
}
