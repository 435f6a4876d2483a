import { CarbonOpsError } from "../../../errors.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "../../../ledger/index.ts";

/**
 * A record as a person or program wrote it: any JSON text of one object. What JSON.parse would change without a word is
 * refused: duplicate names (RFC 7493, 2.3), whole numbers that a double cannot hold (RFC 7493, 2.2), bytes that are not UTF-8.
 *
 * Throws RECORD_INVALID.
 */
export function parseRecordText(bytes: Uint8Array): JsonObject {
  const text = decode(bytes);
  const value = parse(text);
  if (typeof value !== "object" || value === null || !isRecord(value)) {
    throw invalid('is not an object; write {"kind": …}');
  }
  canonicalJson(value);
  if (countColons(text) !== countMembers(value)) throw invalid("has two members of the same name; remove one");
  if (holdsLossyInteger(value)) {
    throw invalid("holds a whole number beyond 2^53, which JSON readers round; write it as a string");
  }
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid("is not UTF-8; write it as UTF-8");
  }
}

function parse(text: string): JsonValue {
  if (text.trim() === "") throw invalid("is empty; write one JSON object");
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw invalid(`is not one JSON object (${why.replace(/\s+/g, " ")}); correct it`);
  }
}

function isRecord(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Colons outside of strings: one for each member that was written. */
function countColons(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/gs, "").split(":").length - 1;
}

function countMembers(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  const members = Object.values(value);
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce((sum: number, member: JsonValue) => sum + countMembers(member), own);
}

function holdsLossyInteger(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsLossyInteger);
}

function invalid(what: string): CarbonOpsError {
  return new CarbonOpsError("RECORD_INVALID", `The record ${what}.`);
}
