import type { ProviderAttempt } from "../../intensity/intensity.ts";
import { printable } from "./style.ts";

/** Who was asked for an intensity before the one that answered, and why there was no answer. */
export function unansweredRows(attempts: readonly ProviderAttempt[]): readonly (readonly [string, string])[] {
  return attempts
    .filter(({ outcome, reason }) => outcome === "failed" && reason !== null)
    .map(({ providerId, kind, reason }) => ["no answer", printable(`${providerId} (${kind}): ${reason}`)] as const);
}
