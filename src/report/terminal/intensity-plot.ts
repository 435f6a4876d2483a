import type { IntensityPeriod, TimeInterval } from "../../intensity/intensity.ts";
import { formatSignificant } from "../../units.ts";

const plotHeight = 8;
const axisWidth = 8;
const eighths = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** Columns from 0 to the largest value over the time of the interval, at most `width` wide; a gap stays empty. Plain text. */
export function intensityPlot(periods: readonly IntensityPeriod[], interval: TimeInterval, width: number): string {
  const columnCount = Math.max(10, width - axisWidth - 1);
  const columns = columnMeans(periods, interval, columnCount);
  const highest = Math.max(...columns.map((value) => value ?? 0));
  const lines: string[] = [];
  for (let row = plotHeight - 1; row >= 0; row -= 1) {
    const label = row === plotHeight - 1 ? formatSignificant(highest) : row === 0 ? "0" : "";
    const cells = columns.map((value) => cellOf(value, highest, row)).join("");
    lines.push(`${label.padStart(axisWidth - 1)} ${cells.trimEnd()}\n`);
  }
  const [first, last] = [minuteText(interval.startMs), minuteText(interval.endMs)];
  const gap = Math.max(1, columnCount - first.length - last.length);
  return `${lines.join("")}${" ".repeat(axisWidth)}${first}${" ".repeat(gap)}${last}\n`;
}

function cellOf(value: number | null, highest: number, row: number): string {
  if (value === null) return " ";
  const filled = highest === 0 ? 0 : (value / highest) * plotHeight - row;
  // A value that is known shows, however small it is.
  const eighth = Math.round(Math.min(1, Math.max(0, filled)) * 8);
  return eighths[row === 0 ? Math.max(1, eighth) : eighth] ?? " ";
}

/** Mean over the part of each column's time that is known; null where none is. Linear in periods and columns. */
function columnMeans(
  periods: readonly IntensityPeriod[],
  { startMs, endMs }: TimeInterval,
  count: number,
): readonly (number | null)[] {
  const columnMs = (endMs - startMs) / count;
  const sums = Array.from({ length: count }, () => 0);
  const known = Array.from({ length: count }, () => 0);
  for (const period of periods) {
    const first = Math.max(0, Math.floor((period.startMs - startMs) / columnMs));
    const last = Math.min(count - 1, Math.ceil((period.endMs - startMs) / columnMs) - 1);
    for (let column = first; column <= last; column += 1) {
      const fromMs = Math.max(period.startMs, startMs + column * columnMs);
      const overlapMs = Math.min(period.endMs, startMs + (column + 1) * columnMs) - fromMs;
      if (overlapMs <= 0) continue;
      sums[column] = (sums[column] ?? 0) + overlapMs * period.gramsPerKwh;
      known[column] = (known[column] ?? 0) + overlapMs;
    }
  }
  return sums.map((sum, column) => ((known[column] ?? 0) > 0 ? sum / (known[column] ?? 1) : null));
}

/** "2026-03-08 10:00Z" */
export function minuteText(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 16).replace("T", " ")}Z`;
}
