import { CarbonOpsError } from "../errors.ts";
import type { IntensityBasis, IntensityKind, IntensityScope } from "./intensity.ts";
import { instantIn, isTable, type JsonTable, tablesIn, textIn } from "./json-values.ts";

/** What a user's file of intensities says. */
export interface CustomTable {
  readonly source: string;
  readonly licence: string;
  readonly version: string | null;
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  /** Standard deviation over mean that all values share; 0 for none stated. */
  readonly relativeUncertainty: number;
  readonly rows: readonly CustomRow[];
}

export interface CustomRow {
  readonly zone: string;
  readonly kind: IntensityKind;
  /** Null, both of them, where the value holds at any time. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly gramsPerKwh: number;
  readonly isEstimated: boolean;
  readonly relativeUncertainty: number;
}

/**
 * JSON: an object with `source`, further members of the table, and `values`, a list of rows. CSV: lines `# member: value` for
 * the table, a line of column names, and rows. Throws INTENSITY_ANSWER_INVALID with the row that is wrong.
 */
export function customTable(path: string, text: string): CustomTable {
  const { table, rows } = text.trimStart().startsWith("{") ? jsonParts(path, text) : csvParts(path, text);
  const scope = textIn(table, "scope") ?? "lifecycle";
  const basis = textIn(table, "basis") ?? "consumption";
  if (scope !== "lifecycle" && scope !== "direct") throw invalid(path, `its scope must be lifecycle or direct`);
  if (basis !== "consumption" && basis !== "production")
    throw invalid(path, "its basis must be consumption or production");
  const source = textIn(table, "source") ?? "";
  if (source === "") throw invalid(path, "it must name its source");
  const relativeUncertainty = amount(table["relativeUncertainty"] ?? 0);
  if (relativeUncertainty === null) throw invalid(path, "its relativeUncertainty must be a number of 0 or more");
  const parsed = rows.map((row, index) => rowOf(path, row, index + 1));
  refuseOverlaps(path, parsed);
  return {
    source,
    licence: textIn(table, "licence") ?? "not stated",
    version: textIn(table, "version"),
    scope,
    basis,
    relativeUncertainty,
    rows: parsed,
  };
}

interface Parts {
  readonly table: JsonTable;
  readonly rows: readonly JsonTable[];
}

function jsonParts(path: string, text: string): Parts {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(path, "it is no JSON");
  }
  const rows = isTable(value) ? tablesIn(value["values"]) : null;
  if (!isTable(value) || rows === null) throw invalid(path, "it must be an object with a list called values");
  return { table: value, rows };
}

function csvParts(path: string, text: string): Parts {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const table = Object.fromEntries(
    lines.flatMap((line) => {
      const [, name, value] = /^#\s*(\w+):\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined ? [] : [[camel(name), value]];
    }),
  );
  const [header, ...rows] = lines
    .filter((line) => !line.startsWith("#"))
    .map((line) => line.split(",").map((cell) => cell.trim()));
  if (header === undefined) throw invalid(path, "it must have a line of column names");
  const names = header.map(camel);
  return {
    table,
    rows: rows.map((cells) =>
      Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""]).filter(([, cell]) => cell !== "")),
    ),
  };
}

function camel(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function rowOf(path: string, row: JsonTable, number: number): CustomRow {
  const wrong = (what: string): CarbonOpsError => invalid(path, `value ${number} ${what}`);
  const zone = textIn(row, "zone") ?? "";
  if (zone === "") throw wrong("names no zone");
  const kind = row["kind"] ?? "average";
  if (kind !== "average" && kind !== "marginal") throw wrong("has a kind that is neither average nor marginal");
  const isTimed = row["start"] !== undefined || row["end"] !== undefined;
  const startMs = isTimed ? instantIn(row, "start") : null;
  const endMs = isTimed ? instantIn(row, "end") : null;
  if (startMs !== null && endMs !== null && !(endMs > startMs)) {
    throw wrong("needs a start and a later end, such as 2026-03-10T10:00Z, or neither");
  }
  const gramsPerKwh = amount(row["gramsPerKwh"]);
  if (gramsPerKwh === null) throw wrong("needs grams per kWh: a number of 0 or more");
  const relativeUncertainty = amount(row["relativeUncertainty"] ?? 0);
  if (relativeUncertainty === null) throw wrong("has a relative uncertainty that is no number of 0 or more");
  const isEstimated = row["isEstimated"] ?? !isTimed;
  return {
    zone,
    kind,
    startMs,
    endMs,
    gramsPerKwh,
    isEstimated: isEstimated === true || isEstimated === "true",
    relativeUncertainty,
  };
}

function amount(value: unknown): number | null {
  const number = typeof value === "string" && /^\d*\.?\d+(e[+-]?\d+)?$/i.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : null;
}

/** Two values for one moment: nobody could say which of them holds. */
function refuseOverlaps(path: string, rows: readonly CustomRow[]): void {
  const sorted = [...rows].sort((left, right) => (left.startMs ?? 0) - (right.startMs ?? 0));
  const lastBySeries = new Map<string, CustomRow>();
  for (const row of sorted) {
    const series = `${row.kind} ${row.zone}`;
    const last = lastBySeries.get(series);
    if (last !== undefined && (last.endMs === null || row.startMs === null || row.startMs < last.endMs)) {
      throw invalid(path, `it has two ${row.kind} values of ${row.zone} for one time`);
    }
    lastBySeries.set(series, row);
  }
}

function invalid(path: string, what: string): CarbonOpsError {
  const words = `The file of intensities ${path} cannot be used: ${what}; see docs/providers.md for its form.`;
  return new CarbonOpsError("INTENSITY_ANSWER_INVALID", words);
}
