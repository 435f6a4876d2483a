import type { JsonObject, JsonValue } from "../ledger/index.ts";
import { leafHash } from "../ledger/merkle-tree.ts";
import type { PlacedLine } from "../ledger/read-segments.ts";

/**
 * Estimates as rows of comma-separated values (RFC 4180: fields in quotes where they need them, quotes doubled, CRLF). A text that
 * a spreadsheet would take for a formula gets an apostrophe in front of it (OWASP, "CSV Injection"); numbers are left as they are.
 */
interface Column {
  readonly name: string;
  readonly value: (place: PlacedLine, estimate: JsonObject) => JsonValue | undefined;
}

const member = (name: string): Column => ({ name, value: (_place, estimate) => estimate[name] });

const within = (name: string, outer: string, inner: string): Column => ({
  name,
  value: (_place, estimate) => inside(estimate[outer], inner),
});

const columns: readonly Column[] = [
  { name: "segment", value: ({ segment }) => segment },
  { name: "seq", value: ({ seq }) => seq },
  { name: "line_hash", value: ({ line }) => leafHash(line).toString("hex") },
  { name: "kind", value: ({ record }) => record?.["kind"] },
  { name: "restates_seq", value: ({ record }) => inside(record?.["restates"], "seq") },
  { name: "restates_line_hash", value: ({ record }) => inside(record?.["restates"], "line_hash") },
  ...["schema_version", "status", "type", "name", "host", "start_ts", "end_ts", "duration_seconds", "region"].map(
    member,
  ),
  ...["datacenter_type", "source", "quality_flag", "coverage_pct", "energy_wh", "wall_factor_used", "pue_used"].map(
    member,
  ),
  ...["total_energy_with_pue_kwh", "intensity_g_per_kwh", "grams", "standard_uncertainty_grams"].map(member),
  within("lower_grams", "interval", "lower_grams"),
  within("upper_grams", "interval", "upper_grams"),
  within("interval_level", "interval", "level"),
  within("intensity_kind", "intensity", "kind"),
  within("intensity_source", "intensity", "source"),
  within("marginal_grams", "marginal", "grams"),
  within("marginal_standard_uncertainty_grams", "marginal", "standard_uncertainty_grams"),
  { name: "labels", value: (_place, estimate) => labelsText(estimate["labels"]) },
];

/** The first line. */
export const csvHeader = rowOf(columns.map(({ name }) => name));

/** The row of an estimate, or of a restatement with its newer values; null for other records. */
export function csvRow(place: PlacedLine): string | null {
  const { record } = place;
  if (record === null) return null;
  const estimate = record["kind"] === "restatement" ? record["record"] : record;
  if (!isObject(estimate) || estimate["kind"] !== "carbon_estimate") return null;
  return rowOf(columns.map(({ value }) => fieldOf(value(place, estimate))));
}

function rowOf(fields: readonly string[]): string {
  return `${fields.map(quoted).join(",")}\r\n`;
}

/** Nothing where the record has null or no such member. */
function fieldOf(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") return typeof value === "object" ? JSON.stringify(value) : String(value);
  return /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** All labels in one column, as JSON with sorted names, so that the columns are the same for every ledger. */
function labelsText(labels: JsonValue | undefined): string {
  if (!isObject(labels)) return "";
  return Object.keys(labels).length === 0 ? "" : JSON.stringify(labels, Object.keys(labels).sort());
}

function inside(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) ? value[name] : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
