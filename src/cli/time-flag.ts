import { intervalOf } from "../carbon/span-input.ts";
import { CarbonOpsError } from "../errors.ts";

/** Milliseconds since 1970-01-01T00:00:00Z of a flag's time. Throws USAGE for text that is none. */
export function timeOf(flag: string, text: string): number {
  try {
    return intervalOf(text, text).startMs;
  } catch (error) {
    if (!(error instanceof CarbonOpsError)) throw error;
    throw new CarbonOpsError(
      "USAGE",
      `${flag} is "${text}", but must be an ISO 8601 time with its zone, such as 2026-01-01T10:00:00Z, or a day (its midnight UTC).`,
    );
  }
}
