import type { z } from "zod";
import { CarbonOpsError } from "../errors.ts";

/** The value as its schema's type. Throws RECORD_INVALID with the path of the first misfit and what is allowed there. */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue === undefined ? "" : issue.path.map(String).join(".");
  const why = (issue?.message ?? "it does not fit").replace(/^Invalid (input|option|string|number): /, "");
  const where = path === "" ? "its members" : `"${path}"`;
  throw new CarbonOpsError("RECORD_INVALID", `The record does not fit its schema at ${where}: ${why}.`);
}
