import { CarbonOpsError } from "../errors.ts";
import { parseLabels } from "./labels.ts";
import { parseFiniteNumber } from "./number.ts";
import {
  partialSettingsSchema,
  type SettingName,
  type Settings,
  settingDescriptions,
  settingNames,
  settingsSchema,
} from "./settings.ts";

/** One value as it was found, with the words that name the place: "CARBON_OPS_PUE", "--pue", "./carbon-ops.config.yaml: pue". */
export interface FoundValue {
  readonly origin: string;
  readonly value: unknown;
}

/** What one place (a file, the environment, the flags) says; later layers win over earlier ones. */
export type Layer = ReadonlyMap<SettingName, FoundValue>;

/** The environment's layer. An empty variable is not set, as shells that clear a variable with `X= command` expect. */
export function environmentLayer(environment: Readonly<Record<string, string | undefined>>): Layer {
  const layer = new Map<SettingName, FoundValue>();
  for (const name of settingNames) {
    const variable = settingDescriptions[name].environment.find((candidate) => (environment[candidate] ?? "") !== "");
    if (variable !== undefined)
      layer.set(name, { origin: variable, value: valueFromText(name, environment[variable] ?? "") });
  }
  return layer;
}

/** Text as the setting's own form; text that does not fit stays text, and the schema then refuses it by name. */
export function valueFromText(name: SettingName, text: string): unknown {
  switch (settingDescriptions[name].form) {
    case "number":
    case "number-or-text":
      return parseFiniteNumber(text) ?? text;
    case "labels":
      return parseLabels(text) ?? text;
    case "text":
    case "path":
      return text;
  }
}

/**
 * Settings from all layers: a later layer's value replaces an earlier one's, but labels of all layers are put together, so that
 * a team's label in a file and a job's label on the command line both stand. Throws CONFIG_INVALID with one sentence naming
 * the place, the value and what is allowed.
 */
export function mergeLayers(layers: readonly Layer[]): Settings {
  const merged: Record<string, unknown> = {};
  for (const name of settingNames) {
    const values = layers.flatMap((layer) => layer.get(name) ?? []).map((found) => parsedValue(name, found));
    if (values.length === 0) continue;
    merged[name] = name === "labels" ? mergedLabels(values) : values.at(-1);
  }
  return partialSettingsSchema.parse(merged);
}

function mergedLabels(values: readonly unknown[]): unknown {
  return Object.fromEntries(values.flatMap((labels) => Object.entries(labels ?? {})));
}

function parsedValue(name: SettingName, found: FoundValue): unknown {
  if (name === "labels") refuseUnkeepableLabel(found);
  const parsed = settingsSchema.shape[name].safeParse(found.value);
  if (!parsed.success) throw invalidValue(name, found);
  return parsed.data;
}

/** zod and every later copy would drop this name without a word: it is how JavaScript writes an object's prototype. */
function refuseUnkeepableLabel({ origin, value }: FoundValue): void {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "__proto__")) return;
  throw new CarbonOpsError(
    "CONFIG_INVALID",
    `${origin} names a label __proto__, which cannot be kept; choose another name.`,
  );
}

function invalidValue(name: SettingName, found: FoundValue): CarbonOpsError {
  const shown = typeof found.value === "string" ? `"${found.value}"` : JSON.stringify(found.value);
  return new CarbonOpsError(
    "CONFIG_INVALID",
    `${found.origin} is ${shown}, but must be ${settingDescriptions[name].allowed}.`,
  );
}
