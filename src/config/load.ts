import { resolve } from "node:path";
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
  const { workingDirectory, environment } = request;
  const candidates = [request.configFile, environment["CARBON_OPS_CONFIG"], environment["CARBON_CONFIG_PATH"]];
  const named = candidates.find((candidate) => candidate !== undefined && candidate !== "");
  const path = named === undefined ? findConfigFile(workingDirectory) : resolve(workingDirectory, named);
  const fileLayer = path === null ? new Map<SettingName, FoundValue>() : await readConfigFile(path);
  const layers = [fileLayer, environmentLayer(environment), request.flags ?? new Map()];
  return {
    settings: mergeLayers(layers),
    originOf: (name) => layers.findLast((layer) => layer.has(name))?.get(name)?.origin ?? null,
  };
}
