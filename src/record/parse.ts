import type { z } from "zod";
import { CarbonOpsError } from "../errors.ts";

type Misfit = z.core.$ZodIssue;

/** The value as its schema's type. Throws RECORD_INVALID, naming the first misfit, what it is and what is allowed there. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [misfit] = parsed.error.issues;
  throw new CarbonOpsError(
    "RECORD_INVALID",
    misfit === undefined ? "The record does not fit." : sentence(misfit, value),
  );
}

function sentence(misfit: Misfit, record: unknown): string {
  if (misfit.code === "unrecognized_keys") {
    const names = misfit.keys.map((key) => shown(pathOf([...misfit.path, key])));
    const members = names.length === 1 ? "a member" : "members";
    return `The record has ${members} that its schema does not know, ${names.join(" and ")}; remove ${names.length === 1 ? "it" : "them"}.`;
  }
  const found = valueAt(record, misfit.path);
  const subject = misfit.path.length === 0 ? "The record" : `The record's member ${shown(pathOf(misfit.path))}`;
  return `${subject} ${found === undefined ? "is missing" : `is ${describe(found)}`}; it must be ${allowed(misfit)}.`;
}

/** What would fit, in words. */
function allowed(misfit: Misfit): string {
  if (misfit.code === "invalid_type") return typeNames[misfit.expected] ?? misfit.expected;
  if (misfit.code === "invalid_value") return misfit.values.map((value) => shown(String(value))).join(" or ");
  if (misfit.code === "too_small") {
    if (misfit.origin === "string") return "a text that is not empty";
    return `${misfit.inclusive === true ? "at least" : "more than"} ${misfit.minimum}`;
  }
  if (misfit.code === "too_big") return `${misfit.inclusive === true ? "at most" : "less than"} ${misfit.maximum}`;
  if (misfit.code === "invalid_format" && misfit.format === "datetime") {
    return "a time in UTC such as 2026-01-01T00:00:00.000Z";
  }
  return "what its schema in schema/ allows";
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "an array",
};

function describe(value: unknown): string {
  if (typeof value === "string") return shown(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** In quotes, cut where it is long, and without anything that could steer a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text).replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    "\ufffd",
  );
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (outer, step) => (typeof outer === "object" && outer !== null ? Reflect.get(outer, step) : undefined),
    value,
  );
}
