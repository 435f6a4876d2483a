import { shellQuoted } from "../../discovery/shell.ts";
import type { JsonObject, JsonValue } from "../../ledger/index.ts";
import { formatGrams } from "../../units.ts";
import { printable, type TextStyle } from "./style.ts";

interface RowLocation {
  /** From 1. */
  readonly segment: number;
  readonly seq: number;
}

export interface LedgerRow extends RowLocation {
  /** Null where the line is damaged. */
  readonly record: JsonObject | null;
  /** Where the restatement stands that counts in its place; null where it counts itself, or is no estimate. */
  readonly replacedBy: RowLocation | null;
}

/** What there is beyond the rows. */
export interface LedgerExtent {
  /** Records that were asked for, of which the last ones are shown. */
  readonly total: number;
  /** Segments that they come from. */
  readonly segments: number;
}

const header = ["segment", "seq", "time", "kind", "name", "CO2e"];
const numericColumns: ReadonlySet<string> = new Set(["segment", "seq", "CO2e"]);
const widestCell = 60;

/** A table of a ledger's records. What a record says is shown without anything that could steer a terminal. */
export function ledgerTable(
  file: string,
  rows: readonly LedgerRow[],
  { total, segments }: LedgerExtent,
  style: TextStyle,
): string {
  // A ledger that was never rotated has no use for the first column.
  const first = segments > 1 ? 0 : 1;
  const titles = header.slice(first);
  const cells = rows.map((row) => cellsOf(row).slice(first));
  const widths = titles.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numericColumns.has(titles[column] ?? "") ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const all = `${total} ${total === 1 ? "record" : "records"}${segments > 1 ? ` in ${segments} segments` : ""}`;
  const shown = rows.length < total ? `The last ${rows.length} of ${all}` : all;
  return [
    `${style.strong(lineOf(titles))}\n`,
    ...cells.map((row) => `${lineOf(row)}\n`),
    `\n${style.faint(`${shown}, not verified: carbon-ops ledger verify ${shellQuoted(file)}`)}\n`,
  ].join("");
}

/** One record in full, of a ledger with so many segments. */
export function recordPage({ segment, seq }: RowLocation, segments: number, record: JsonObject): string {
  const where = segments > 1 ? ` of segment ${segment}` : "";
  return `record ${seq}${where}\n${printable(JSON.stringify(record, null, 2), true)}\n`;
}

function cellsOf({ segment, seq, record, replacedBy }: LedgerRow): readonly string[] {
  const place = [String(segment), String(seq)];
  if (record === null) return [...place, "", "(damaged)", "", ""];
  const grams = gramsOf(record);
  return [
    ...place,
    firstText(record, ["end_ts", "created_at", "repaired_at", "imported_at", "timestamp", "start_ts"]),
    firstText(record, ["kind"]),
    replacedBy === null
      ? firstText(record, ["name", "text", "reason", "ledger_id", "original_line"])
      : `(restated by ${replacedBy.segment === segment ? "" : `${replacedBy.segment}/`}${replacedBy.seq}) ${firstText(record, ["name", "text", "reason"])}`.trimEnd(),
    typeof grams === "number" ? formatGrams(grams) : "",
  ];
}

/** Of a restatement, those of its newer estimate. */
function gramsOf(record: JsonObject): JsonValue | undefined {
  const restated = record["record"];
  const isObject = typeof restated === "object" && restated !== null && "grams" in restated;
  return record["grams"] ?? (isObject ? restated["grams"] : undefined);
}

function firstText(record: JsonObject, names: readonly string[]): string {
  const found: JsonValue | undefined = names.map((name) => record[name]).find((value) => typeof value === "string");
  const text = printable(typeof found === "string" ? found : "");
  return text.length > widestCell ? `${text.slice(0, widestCell - 1)}…` : text;
}
