import { instantIn, isTable, type JsonTable, numberIn, tablesIn, textIn } from "../json-values.ts";
import type { FetchedPeriods, SourcePeriod } from "../period-source.ts";

/** What is known of one series on one UTC day: values, and which answers they came from. */
export interface DayEntry {
  readonly batches: readonly Batch[];
  readonly periods: readonly StoredPeriod[];
}

/** One answer: the stretch that was asked for, so that a gap in it is known to be one. */
export interface Batch extends Omit<FetchedPeriods, "periods" | "serverDateMs"> {
  readonly startMs: number;
  readonly endMs: number;
}

export interface StoredPeriod extends SourcePeriod {
  readonly batch: Batch;
}

export const emptyEntry: DayEntry = { batches: [], periods: [] };

/** More answers than any day has use for: a day asked every five minutes keeps those that still say something. */
const mostBatches = 64;

/** The entry with newer values in the place of those that they overlap. */
export function mergedEntry(entry: DayEntry, batches: readonly Batch[], periods: readonly StoredPeriod[]): DayEntry {
  const isReplaced = (old: StoredPeriod): boolean =>
    periods.some(
      ({ startMs, endMs, batch }) =>
        startMs < old.endMs && endMs > old.startMs && batch.retrievedAtMs >= old.batch.retrievedAtMs,
    );
  const kept = entry.periods.filter((old) => !isReplaced(old));
  const added = periods.filter(
    (period) => !kept.some((old) => period.startMs < old.endMs && period.endMs > old.startMs),
  );
  const all = [...kept, ...added].sort((left, right) => left.startMs - right.startMs);
  const used = new Set(all.map(({ batch }) => batch));
  const recent = [...entry.batches, ...batches].sort((left, right) => left.retrievedAtMs - right.retrievedAtMs);
  const isSuperseded = (batch: Batch, index: number): boolean =>
    recent.slice(index + 1).some((later) => later.startMs <= batch.startMs && later.endMs >= batch.endMs);
  return {
    batches: recent.filter((batch, index) => used.has(batch) || !isSuperseded(batch, index)).slice(-mostBatches),
    periods: all,
  };
}

export function textOfEntry(key: string, { batches, periods }: DayEntry): string {
  const known = [...new Set([...batches, ...periods.map(({ batch }) => batch)])];
  const rows = periods.map(({ batch, ...period }) => ({ ...period, batch: known.indexOf(batch) }));
  return JSON.stringify({ form: entryForm, key, batches: known, periods: rows });
}

const entryForm = "carbon-ops-intensity-1";

/** The entry that a file of the cache holds, or null when it is not whole, not ours, or another key's. */
export function entryOfText(key: string, text: string): DayEntry | null {
  const value = parsed(text);
  if (!isTable(value) || value["form"] !== entryForm || value["key"] !== key) return null;
  const batches = tablesIn(value["batches"])?.map(batchOf);
  if (batches === undefined || !isWhole(batches)) return null;
  const periods = tablesIn(value["periods"])?.map((row) => periodOf(row, batches));
  return periods !== undefined && isWhole(periods) && areInOrder(periods) ? { batches, periods } : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isWhole<Item>(items: readonly (Item | null)[]): items is Item[] {
  return !items.includes(null);
}

function areInOrder(periods: readonly StoredPeriod[]): boolean {
  return periods.every(({ startMs }, index) => startMs >= (periods[index - 1]?.endMs ?? Number.NEGATIVE_INFINITY));
}

function batchOf(row: JsonTable): Batch | null {
  const startMs = numberIn(row, "startMs");
  const endMs = numberIn(row, "endMs");
  const retrievedAtMs = numberIn(row, "retrievedAtMs");
  const bodySha256 = textIn(row, "bodySha256");
  const endpoint = textIn(row, "endpoint");
  const providerVersion = textIn(row, "providerVersion");
  if (startMs === null || endMs === null || retrievedAtMs === null) return null;
  if (bodySha256 === null || endpoint === null || providerVersion === null) return null;
  return { startMs, endMs, retrievedAtMs, bodySha256, endpoint, providerVersion };
}

function periodOf(row: JsonTable, batches: readonly Batch[]): StoredPeriod | null {
  const startMs = numberIn(row, "startMs");
  const endMs = numberIn(row, "endMs");
  const gramsPerKwh = numberIn(row, "gramsPerKwh");
  const { isEstimated, isProvisional } = row;
  const batch = batches[numberIn(row, "batch") ?? -1];
  if (startMs === null || endMs === null || endMs <= startMs || gramsPerKwh === null || gramsPerKwh < 0) return null;
  if (typeof isEstimated !== "boolean" || typeof isProvisional !== "boolean" || batch === undefined) return null;
  const updatedAt = Number.isNaN(instantIn(row, "updatedAt")) ? null : textIn(row, "updatedAt");
  const estimationMethod = textIn(row, "estimationMethod");
  return { startMs, endMs, gramsPerKwh, isEstimated, isProvisional, estimationMethod, updatedAt, batch };
}
