import { shellQuoted } from "../../discovery/shell.ts";
import type { JsonObject, JsonValue } from "../../ledger/index.ts";
import { formatGrams } from "../../units.ts";
import { printable, type TextStyle } from "./style.ts";

export interface LedgerRow {
  readonly seq: number;
  /** Null where the line is damaged. */
  readonly record: JsonObject | null;
  /** Number of the restatement that counts in its place; null where it counts itself, or is no estimate. */
  readonly replacedBy: number | null;
}

const header = ["seq", "time", "kind", "name", "CO2e"];
const numericColumns: ReadonlySet<number> = new Set([0, 4]);
const widestCell = 60;

/** A table of a ledger's records. What a record says is shown without anything that could steer a terminal. */
export function ledgerTable(file: string, rows: readonly LedgerRow[], total: number, style: TextStyle): string {
  const cells = rows.map(cellsOf);
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numericColumns.has(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  const all = `${total} ${total === 1 ? "record" : "records"}`;
  const shown = rows.length < total ? `The last ${rows.length} of ${all}` : all;
  return [
    `${style.strong(lineOf(header))}\n`,
    ...cells.map((row) => `${lineOf(row)}\n`),
    `\n${style.faint(`${shown}, not verified: carbon-ops ledger verify ${shellQuoted(file)}`)}\n`,
  ].join("");
}

/** One record in full. */
export function recordPage(seq: number, record: JsonObject): string {
  return `record ${seq}\n${printable(JSON.stringify(record, null, 2), true)}\n`;
}

function cellsOf({ seq, record, replacedBy }: LedgerRow): readonly string[] {
  if (record === null) return [String(seq), "", "(damaged)", "", ""];
  const grams = gramsOf(record);
  return [
    String(seq),
    firstText(record, ["end_ts", "created_at", "repaired_at", "imported_at", "timestamp", "start_ts"]),
    firstText(record, ["kind"]),
    replacedBy === null
      ? firstText(record, ["name", "text", "reason", "ledger_id", "original_line"])
      : `(restated by ${replacedBy}) ${firstText(record, ["name", "text", "reason"])}`.trimEnd(),
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
