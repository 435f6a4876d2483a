import { CarbonOpsError } from "../errors.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** Deeper values are refused, so that no input can exhaust the stack of a writer or verifier. */
export const maximumJsonDepth = 256;

/**
 * The canonical text of a JSON value (RFC 8785): members sorted by UTF-16 code units, no white space, numbers and strings
 * as ECMAScript writes them. Whatever JSON has no word for is refused instead of being bent into shape: undefined, NaN,
 * bigint, functions, dates and other objects with a class, holes in arrays, unpaired surrogates (RFC 8785, 3.2.2.2).
 *
 * Throws RECORD_INVALID, naming the member.
 */
export function canonicalJson(value: unknown): string {
  return writeValue(value, []);
}

/**
 * The value of a text that is in canonical form; one that differs from its canonical form in a single byte is refused.
 * That rule also finds what JSON.parse forgives: duplicate names, other spellings of numbers, escapes that are not needed.
 *
 * Throws RECORD_INVALID.
 */
export function parseCanonicalJson(bytes: Uint8Array): JsonValue {
  const text = decodeUtf8(bytes);
  const value = parseJson(text);
  if (canonicalJson(value) !== text)
    throw invalid("is not in canonical form (RFC 8785); write it with `canonicalJson`");
  return value;
}

type Path = (string | number)[];

function writeValue(value: unknown, path: Path): string {
  if (typeof value === "string") return writeString(value, path);
  if (typeof value === "number") return writeNumber(value, path);
  if (typeof value === "boolean" || value === null) return String(value);
  if (typeof value !== "object") throw refused(path, `is ${typeof value === "undefined" ? "" : "a "}${typeof value}`);
  if (path.length >= maximumJsonDepth) throw invalid(`is nested deeper than ${maximumJsonDepth} levels; flatten it`);
  if (Array.isArray(value)) return writeArray(value, path);
  if (!isPlainObject(value)) throw refused(path, "is an object with a class of its own");
  return writeObject(value, path);
}

function writeString(text: string, path: Path): string {
  // With the u flag the class matches code points, so a surrogate that is half of a pair does not match.
  if (/[\uD800-\uDFFF]/u.test(text)) throw refused(path, "holds an unpaired surrogate");
  return JSON.stringify(text);
}

function writeNumber(value: number, path: Path): string {
  if (!Number.isFinite(value)) throw refused(path, `is ${value}`);
  return String(value);
}

function writeArray(values: readonly unknown[], path: Path): string {
  let text = "[";
  for (let index = 0; index < values.length; index += 1) {
    path.push(index);
    text += (index === 0 ? "" : ",") + writeValue(values[index], path);
    path.pop();
  }
  return `${text}]`;
}

function writeObject(members: Readonly<Record<string, unknown>>, path: Path): string {
  let text = "{";
  // Without a comparator, sort() compares UTF-16 code units: exactly the order of RFC 8785, 3.2.3.
  for (const name of Object.keys(members).sort()) {
    path.push(name);
    text += `${(text === "{" ? "" : ",") + writeString(name, path)}:${writeValue(members[name], path)}`;
    path.pop();
  }
  return `${text}}`;
}

function isPlainObject(value: object): value is Record<string, unknown> {
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object literal of another realm has another Object.prototype, but that too stands at the top of its chain.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid("is not UTF-8; write it as UTF-8");
  }
}

function parseJson(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    throw invalid("is not JSON; correct it");
  }
}

function refused(path: Path, what: string): CarbonOpsError {
  const place = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  return invalid(
    `cannot be written as JSON, because its value${place === "" ? "" : ` at ${place}`} ${what}; leave it out or write it as a string`,
  );
}

function invalid(what: string): CarbonOpsError {
  return new CarbonOpsError("RECORD_INVALID", `The record ${what}.`);
}
