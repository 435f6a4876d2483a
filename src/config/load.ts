import { resolve } from "node:path";
import { messageOf } from "../errors.ts";
import { findConfigFile } from "./config-file-names.ts";
import { readConfigFile } from "./file.ts";
import { environmentLayer, type FoundValue, type Layer, mergeLayers } from "./layers.ts";
import type { SettingName, Settings } from "./settings.ts";

export interface SettingsRequest {
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file named by --config; otherwise one is looked for upward from the working directory. */
  readonly configFile?: string | undefined;
  /** What the command line says; it wins over everything else. */
  readonly flags?: Layer;
}

export interface FoundSettings {
  readonly settings: Settings;
  /** The place that a setting's value comes from, as error sentences name it; null where nobody has said anything. */
  readonly originOf: (name: SettingName) => string | null;
}

/** Settings from file < environment < flags. Throws CarbonOpsError (CONFIG_UNREADABLE, CONFIG_INVALID). */
export async function loadSettings(request: SettingsRequest): Promise<Settings> {
  return (await findSettings(request)).settings;
}

/** The same, with the places they were found in. */
export async function findSettings(request: SettingsRequest): Promise<FoundSettings> {
  const layers = [await fileLayer(request), environmentLayer(request.environment), request.flags ?? new Map()];
  return {
    settings: mergeLayers(layers),
    originOf: (name) => layers.findLast((layer) => layer.has(name))?.get(name)?.origin ?? null,
  };
}

/** The same for a program that does not stop for it: what is not allowed or cannot be read is left out, with a sentence in `problems`. */
export async function loadAllowedSettings(request: SettingsRequest, problems: string[]): Promise<Settings> {
  const file = await fileLayer(request).catch((error: unknown): Layer => {
    problems.push(messageOf(error));
    return new Map();
  });
  const layers = [file, environmentLayer(request.environment), request.flags ?? new Map<SettingName, FoundValue>()];
  return mergeLayers(layers.map((layer) => allowedPart(layer, problems)));
}

function allowedPart(layer: Layer, problems: string[]): Layer {
  const allowed = new Map<SettingName, FoundValue>();
  for (const [name, found] of layer) {
    try {
      mergeLayers([new Map([[name, found]])]);
      allowed.set(name, found);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return allowed;
}

async function fileLayer({ workingDirectory, environment, configFile }: SettingsRequest): Promise<Layer> {
  const candidates = [configFile, environment["CARBON_OPS_CONFIG"], environment["CARBON_CONFIG_PATH"]];
  const named = candidates.find((candidate) => candidate !== undefined && candidate !== "");
  const path = named === undefined ? findConfigFile(workingDirectory) : resolve(workingDirectory, named);
  return path === null ? new Map() : readConfigFile(path);
}
