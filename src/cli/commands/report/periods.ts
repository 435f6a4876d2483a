import type { PeriodUnit } from "../../../report/ledger-report.ts";

/** Equal parts of a time, in UTC, few enough to be drawn. */
export interface Periods {
  readonly unit: PeriodUnit;
  /** Units a period has. */
  readonly size: number;
  readonly count: number;
  /** Number of the period that a moment lies in, from 0. */
  indexOf(ms: number): number;
  startMs(index: number): number;
  label(index: number): string;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const weekMs = 7 * dayMs;
/** 1970-01-05 was a Monday: weeks begin as in ISO 8601. */
const firstMondayMs = 4 * dayMs;

/** More bars than this are no longer told apart on a phone. */
const mostPeriods = 92;

/** Hours up to two days, days up to three months, weeks up to 21 months, then months and years. */
export function periodsBetween(firstMs: number, lastMs: number): Periods {
  if (lastMs - firstMs <= 2 * dayMs) return evenPeriods("hour", hourMs, 0, [firstMs, lastMs]);
  const days = evenPeriods("day", dayMs, 0, [firstMs, lastMs]);
  if (days.count <= mostPeriods) return days;
  const weeks = evenPeriods("week", weekMs, firstMondayMs, [firstMs, lastMs]);
  if (weeks.count <= mostPeriods) return weeks;
  const months = monthPeriods("month", 1, [firstMs, lastMs]);
  if (months.count <= mostPeriods) return months;
  const years = yearOf(lastMs) - yearOf(firstMs) + 1;
  return monthPeriods("year", Math.ceil(years / (mostPeriods - 1)), [firstMs, lastMs]);
}

type Ends = readonly [firstMs: number, lastMs: number];

function evenPeriods(
  unit: "hour" | "day" | "week",
  lengthMs: number,
  originMs: number,
  [firstMs, lastMs]: Ends,
): Periods {
  const numberOf = (ms: number): number => Math.floor((ms - originMs) / lengthMs);
  const first = numberOf(firstMs);
  const startMs = (index: number): number => (first + index) * lengthMs + originMs;
  const length = unit === "hour" ? "2026-01-01T00:00".length : "2026-01-01".length;
  return {
    unit,
    size: 1,
    count: numberOf(lastMs) - first + 1,
    indexOf: (ms) => numberOf(ms) - first,
    startMs,
    label: (index) => new Date(startMs(index)).toISOString().slice(0, length).replace("T", " "),
  };
}

function monthPeriods(unit: "month" | "year", size: number, [firstMs, lastMs]: Ends): Periods {
  const months = unit === "month" ? size : 12 * size;
  const numberOf = (ms: number): number => Math.floor((yearOf(ms) * 12 + new Date(ms).getUTCMonth()) / months);
  const first = numberOf(firstMs);
  const textAt = (index: number): string => {
    const month = (first + index) * months;
    const year = String(Math.floor(month / 12)).padStart(4, "0");
    return `${year}-${String((month % 12) + 1).padStart(2, "0")}`;
  };
  return {
    unit,
    size,
    count: numberOf(lastMs) - first + 1,
    indexOf: (ms) => numberOf(ms) - first,
    startMs: (index) => Date.parse(`${textAt(index)}-01T00:00:00Z`),
    label: (index) => (unit === "month" ? textAt(index) : yearsText(Number(textAt(index).slice(0, 4)), size)),
  };
}

function yearsText(year: number, size: number): string {
  return size === 1 ? String(year) : `${year} to ${year + size - 1}`;
}

function yearOf(ms: number): number {
  return new Date(ms).getUTCFullYear();
}
