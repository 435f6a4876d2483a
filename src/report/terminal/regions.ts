import type { RegionMatch } from "../../intensity/region-search.ts";
import { formatSignificant } from "../../units.ts";
import type { TextStyle } from "./style.ts";

/** A table of regions with their annual intensities in g/kWh, and where the numbers come from. */
export function regionTable(matches: readonly RegionMatch[], style: TextStyle): string {
  const header = ["region", "zone", "average", "year", "marginal", "name"];
  const rows = matches.map((match) => [
    match.region,
    match.zone,
    formatSignificant(match.averageGramsPerKwh),
    String(match.averageYear),
    match.marginalGramsPerKwh === null ? "-" : formatSignificant(match.marginalGramsPerKwh),
    match.name,
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const numeric = new Set([2, 4]);
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        numeric.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const sources = [
    ...new Set(
      matches.flatMap((match) => {
        const { averageSource, averageLicence, marginalSource, marginalPeriod, marginalLicence } = match;
        const average = `Average: ${averageSource}, ${averageLicence}`;
        return marginalSource === null
          ? [average]
          : [average, `Marginal: ${marginalSource}, ${marginalPeriod ?? ""}, ${marginalLicence ?? ""}`];
      }),
    ),
  ].sort();
  const [only] = matches;
  const mapping = matches.length === 1 && only !== undefined ? `${style.faint(`Mapping: ${only.mapping}`)}\n` : "";
  return [
    `${style.strong(lineOf(header))}\n`,
    ...rows.map((row) => `${lineOf(row)}\n`),
    `\n${style.faint("g/kWh. average: CO2e, life cycle, annual; marginal: CO2 at the stack of the plants that answer, annual.")}\n`,
    ...sources.map((source) => `${style.faint(source)}\n`),
    mapping,
  ].join("");
}
