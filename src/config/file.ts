import { readFileSync, statSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import { CarbonOpsError, messageOf } from "../errors.ts";
import { nearest } from "../nearest.ts";
import type { FoundValue, Layer } from "./layers.ts";
import { type SettingName, settingDescriptions, settingNames } from "./settings.ts";
import { reasonOf } from "./system-reason.ts";

/**
 * What a configuration file says. The file is data (JSON or YAML), never code. Throws CONFIG_UNREADABLE when it cannot be
 * read or parsed, CONFIG_INVALID when it is not a table of known settings. A relative path in it is taken from the file's folder:
 * a file that is found upward means the same wherever the program starts.
 */
export async function readConfigFile(path: string): Promise<Layer> {
  const content = await parseFile(path);
  if (content === null || content === undefined) return new Map();
  if (typeof content !== "object" || Array.isArray(content)) {
    throw new CarbonOpsError(
      "CONFIG_INVALID",
      `${path} holds no settings: it must be a table such as {"region": "GB"}.`,
    );
  }
  const layer = new Map<SettingName, FoundValue>();
  for (const [key, value] of Object.entries(content)) {
    if (key === "$schema") continue;
    const name = knownName(path, key);
    if (settingDescriptions[name].namesCode === true) throw namesCode(path, name);
    layer.set(name, {
      origin: `${path}: ${key}`,
      value: settingDescriptions[name].form === "path" ? fromFile(path, value) : value,
    });
  }
  return layer;
}

/** An empty path stays empty, and is refused by name. */
function fromFile(path: string, value: unknown): unknown {
  return typeof value === "string" && value !== "" ? resolve(dirname(path), value) : value;
}

async function parseFile(path: string): Promise<unknown> {
  const text = readText(path);
  try {
    if (extname(path) === ".json") return JSON.parse(text);
    const { parse } = await import("yaml");
    // Warnings would go to the process; a document that cannot be used as it stands is an error anyway.
    return parse(text, { logLevel: "error" });
  } catch (error) {
    const firstLine = messageOf(error).split("\n", 1)[0] ?? "";
    throw new CarbonOpsError(
      "CONFIG_UNREADABLE",
      `${path} cannot be parsed (${firstLine.replace(/[.:]$/, "")}); correct or remove it.`,
    );
  }
}

function readText(path: string): string {
  try {
    // A FIFO would block the program before it has started anything, and a device has no end.
    if (!statSync(path).isFile()) throw new Error("it is not a regular file");
    return readFileSync(path, "utf8").replace(/^\ufeff/, "");
  } catch (error) {
    throw new CarbonOpsError(
      "CONFIG_UNREADABLE",
      `${path} cannot be read (${reasonOf(error)}); name another with --config or CARBON_OPS_CONFIG.`,
    );
  }
}

/** The nearest file above is read wherever a command is started: it must not be able to say what code runs. */
function namesCode(path: string, name: SettingName): CarbonOpsError {
  return new CarbonOpsError(
    "CONFIG_INVALID",
    `${path}: ${name} names code to load, and a configuration file is data; set ${settingDescriptions[name].environment.join(" or ")} instead.`,
  );
}

function knownName(path: string, key: string): SettingName {
  const name = settingNames.find((candidate) => candidate === key);
  if (name !== undefined) return name;
  const suggestion = nearest(key, settingNames);
  const hint = suggestion === null ? `known ones are ${settingNames.join(", ")}.` : `did you mean ${suggestion}?`;
  throw new CarbonOpsError("CONFIG_INVALID", `${path}: ${key} is not a setting; ${hint}`);
}
