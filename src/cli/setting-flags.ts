import { type Command, Option } from "commander";
import { parseLabel } from "../config/labels.ts";
import { type FoundValue, type Layer, valueFromText } from "../config/layers.ts";
import { type FoundSettings, findSettings } from "../config/load.ts";
import {
  type SettingName,
  type Settings,
  settingDescriptions,
  settingNames,
  settingsSchema,
} from "../config/settings.ts";
import type { HostRoots } from "../host/roots.ts";
import type { CommandContext } from "./context.ts";

/** Adds the flags of these settings, and --config, to a command. */
export function addSettingFlags(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) command.addOption(settingOption(name));
  return command.option("--config <file>", "read settings from this file instead of looking for one");
}

function settingOption(name: SettingName): Option {
  const description = settingsSchema.shape[name].meta()?.description ?? "";
  const asClause = description.charAt(0).toLowerCase() + description.slice(1).replace(/\.$/, "");
  const option = new Option(settingDescriptions[name].flag ?? `--${name} <value>`, asClause);
  if (settingDescriptions[name].form !== "labels") return option;
  return option.argParser((text: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), text]);
}

/** The settings that hold for a command: file < environment < its flags. Throws CONFIG_INVALID or CONFIG_UNREADABLE. */
export async function settingsOf(command: Command, context: CommandContext): Promise<Settings> {
  return (await foundSettingsOf(command, context)).settings;
}

/** The same, with the places they were found in. */
export async function foundSettingsOf(command: Command, context: CommandContext): Promise<FoundSettings> {
  const configFile = textOf(command.getOptionValue("config"));
  return findSettings({
    workingDirectory: context.workingDirectory,
    environment: context.environment,
    ...(configFile === undefined ? {} : { configFile }),
    flags: flagLayer(command),
  });
}

function flagLayer(command: Command): Layer {
  const layer = new Map<SettingName, FoundValue>();
  for (const option of command.options) {
    const name = settingNames.find((candidate) => settingDescriptions[candidate].flag === option.flags);
    const value: unknown = command.getOptionValue(option.attributeName());
    if (name === undefined) continue;
    const origin = option.long ?? option.flags;
    if (Array.isArray(value)) layer.set(name, { origin, value: labelsOf(value.map(String)) });
    else if (typeof value === "string") layer.set(name, { origin, value: valueFromText(name, value) });
    else if (value === true) layer.set(name, { origin, value: "yes" });
  }
  return layer;
}

/** Labels of repeated flags; the first one that is no label stands for all, so that the error shows it. */
function labelsOf(texts: readonly string[]): unknown {
  const wrong = texts.find((text) => parseLabel(text) === null);
  if (wrong !== undefined) return wrong;
  return Object.fromEntries(texts.flatMap((text) => [parseLabel(text) ?? []]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Where the kernel's files are: the settings' word, else the context's. */
export function rootsOf(settings: Settings, context: CommandContext): HostRoots {
  return {
    proc: settings.procRoot ?? context.roots.proc,
    sys: settings.sysRoot ?? context.roots.sys,
    msr: settings.msrRoot ?? context.roots.msr,
  };
}
