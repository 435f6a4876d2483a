/**
 * The one mapping from TypeScript names to the JSON that leaves the program (design 3.1): camelCase becomes snake_case,
 * a `bigint` becomes a decimal string, a `Date` its ISO 8601 text, and a member that is undefined is left out. Map-like
 * members whose names are data (labels, error sources) are handed over in a `Map`, and keep their names.
 */

export type SnakeJson =
  | null
  | boolean
  | number
  | string
  | readonly SnakeJson[]
  | { readonly [name: string]: SnakeJson };

/** Names of members are few, and come again in every record. */
const knownNames = new Map<string, string>();
const mostKnownNames = 2000;

/** "energyWhTotal" -> "energy_wh_total", "gCo2" -> "g_co2", "sha256" -> "sha256". */
export function snakeCaseName(camelCaseName: string): string {
  const known = knownNames.get(camelCaseName);
  if (known !== undefined) return known;
  const name = camelCaseName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (knownNames.size < mostKnownNames) knownNames.set(camelCaseName, name);
  return name;
}

/**
 * The snake_case form of a plain value. A non-finite number becomes null, as JSON has no word for it: callers that must not
 * lose one check before. Anything that is not data (a function, a symbol) is left out.
 */
export function toSnakeCase(value: unknown): SnakeJson {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(toSnakeCase);
  if (value instanceof Date) return value.toJSON();
  if (value instanceof Map) return withMappedNames([...value], String);
  if (typeof value === "object") return withMappedNames(Object.entries(value), snakeCaseName);
  return null;
}

function withMappedNames(
  entries: readonly (readonly [string, unknown])[],
  nameOf: (name: string) => string,
): SnakeJson {
  const mapped: Record<string, SnakeJson> = {};
  for (const [name, member] of entries) {
    if (member === undefined || typeof member === "function" || typeof member === "symbol") continue;
    mapped[nameOf(name)] = toSnakeCase(member);
  }
  return mapped;
}
