import { type Command, InvalidArgumentError } from "commander";
import { intervalOf } from "../../../carbon/span-input.ts";
import { parseLabel } from "../../../config/labels.ts";
import type { JsonObject, JsonValue } from "../../../ledger/index.ts";

/** Which records a reading command is about. */
export interface FilterOptions {
  /** From this moment on, in milliseconds since 1970. */
  readonly since?: number;
  /** Before this moment. */
  readonly until?: number;
  readonly kind?: string;
  readonly region?: string;
  /** All of them must be there. */
  readonly label?: readonly (readonly [name: string, value: string])[];
}

export function addFilterOptions(command: Command): Command {
  return addSubjectOptions(command).option("--kind <kind>", "only records of this kind, such as carbon_estimate");
}

/** Filters by what a record is about, and not by how it is written down. */
export function addSubjectOptions(command: Command): Command {
  return command
    .option("--since <time>", "only records from this time on: 2026-01-31, or 2026-01-31T12:00:00Z", parseTime)
    .option("--until <time>", "only records before this time", parseTime)
    .option("--region <region>", "only records of this region")
    .option("--label <key=value>", "only records with this label; may be repeated", collectLabel);
}

export function hasFilter({ since, until, kind, region, label }: FilterOptions): boolean {
  return [since, until, kind, region, label].some((option) => option !== undefined);
}

/** Whether a record is asked for. The time of a record is that of its end, else of its making. */
export function isAskedFor(record: JsonObject, { since, until, kind, region, label = [] }: FilterOptions): boolean {
  if (kind !== undefined && record["kind"] !== kind) return false;
  const subject = subjectOf(record);
  if (region !== undefined && subject["region"] !== region) return false;
  const labels = subject["labels"];
  if (!label.every(([name, value]) => isObject(labels) && Object.hasOwn(labels, name) && labels[name] === value))
    return false;
  if (since === undefined && until === undefined) return true;
  const timeMs = Date.parse(timeOf(record) ?? "");
  return timeMs >= (since ?? Number.NEGATIVE_INFINITY) && timeMs < (until ?? Number.POSITIVE_INFINITY);
}

const timeMembers = ["end_ts", "created_at", "repaired_at", "imported_at", "timestamp", "start_ts"];

/** When a record's task ended; else when the record was made. */
function timeOf(record: JsonObject): string | null {
  const subject = subjectOf(record);
  const times = timeMembers.map((name) => subject[name] ?? record[name]);
  return times.find((time) => typeof time === "string") ?? null;
}

/** A restatement holds the whole newer estimate: that is what it is about. */
function subjectOf(record: JsonObject): JsonObject {
  const inner = record["record"];
  return record["kind"] === "restatement" && isObject(inner) ? inner : record;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** ISO 8601: a day (its beginning in UTC), or a moment with its offset. */
function parseTime(text: string): number {
  try {
    return intervalOf(text, text).startMs;
  } catch {
    throw new InvalidArgumentError(
      "It must be a day or a time with its offset, and in the calendar: 2026-01-31, or 2026-01-31T12:00:00Z.",
    );
  }
}

function collectLabel(
  text: string,
  earlier: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const label = parseLabel(text);
  if (label === null) throw new InvalidArgumentError("It must be of the form key=value.");
  return [...earlier, label];
}
