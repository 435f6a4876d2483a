/** Reading what a service sent: nothing is believed before it has been looked at. */

export type JsonTable = Readonly<Record<string, unknown>>;

export function isTable(value: unknown): value is JsonTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function tablesIn(value: unknown): JsonTable[] | null {
  return Array.isArray(value) && value.every(isTable) ? value : null;
}

export function textIn(table: JsonTable, name: string): string | null {
  const value = table[name];
  return typeof value === "string" ? value : null;
}

export function numberIn(table: JsonTable, name: string): number | null {
  const value = table[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** An instant of ISO 8601 with a zone, with or without seconds; NaN for anything else. */
export function instantIn(table: JsonTable, name: string): number {
  const text = textIn(table, name) ?? "";
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
}
