import type { Clock } from "../clock.ts";
import type { FoundValue, Layer } from "../config/layers.ts";
import { loadAllowedSettings } from "../config/load.ts";
import type { SettingName, Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import type { HostRoots } from "../host/roots.ts";
import type { TaskSink } from "./task-interval.ts";

/** How energy becomes grams, as in the settings of the same names: docs/configuration.md has them. */
export interface CarbonOptions {
  /** Country, grid zone or cloud region; without it the world average stands in, flagged as a fallback. */
  readonly region?: string | undefined;
  /** A number of at least 1, or the name of a profile. */
  readonly pue?: number | string | undefined;
  /** Joules at the plug per joule that CPU counters see; 1 to 100. */
  readonly wallFactor?: number | undefined;
  /** Probability that the intervals hold; default 0.95. */
  readonly level?: number | undefined;
  /** Provider ids in the order they are asked, separated by commas. */
  readonly intensityProviders?: string | undefined;
  readonly intensityOffline?: "yes" | "no" | undefined;
  readonly intensityFile?: string | undefined;
  readonly intensityZones?: Readonly<Record<string, string>> | undefined;
  readonly intensityTimeoutSeconds?: number | undefined;
  readonly cacheDirectory?: string | undefined;
  readonly credentialsDirectory?: string | undefined;
}

export interface EnergyLoggerOptions extends CarbonOptions {
  /** Where joules come from; default: the best source that this process can use. */
  readonly energySource?: "auto" | "governor" | "powercap" | "msr" | "model" | undefined;
  /** The socket of the governor; default /var/run/carbon-ops.sock. */
  readonly governorSocket?: string | undefined;
  /** Power of the idle host in watts, as the source sees it; 0 or more. */
  readonly idleBaselineWatts?: number | undefined;
  /** Above 0. */
  readonly cpuTdpWatts?: number | undefined;
  /** Time between two readings, in seconds (0.1 to 60). */
  readonly sampleIntervalSeconds?: number | undefined;
  /** Metrics kept in memory (1 to 1000000); older ones are dropped, and counted. */
  readonly historyLimit?: number | undefined;
  /** Time over which tasks are summed for sinks, in seconds (1 to 3600); default 60. */
  readonly intervalSeconds?: number | undefined;
  /** Time over which tasks are summed for records, in seconds (1 to 86400), and at least an interval; default 3600. */
  readonly recordIntervalSeconds?: number | undefined;
  /** Who is handed what the tasks used; `addSink` takes more. */
  readonly sinks?: readonly TaskSink[] | undefined;
  /** Ledger file that records are appended to, in the background; without it there are none. */
  readonly ledger?: string | undefined;
  readonly ledgerKey?: string | undefined;
  readonly ledgerPassphraseFile?: string | undefined;
  /** A record for each name and interval, for each watched task, or none; default "interval". */
  readonly records?: "interval" | "task" | "none" | undefined;
  /** Written into every record. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly configFile?: string | undefined;
  /** Kernel files, for containers that mount the host's elsewhere, and for tests. */
  readonly roots?: HostRoots | undefined;
  readonly clock?: Clock | undefined;
}

/** The options that are settings too: they are judged by the one schema, and win over file and environment. */
const optionNames = [
  "energySource",
  "governorSocket",
  "idleBaselineWatts",
  "cpuTdpWatts",
  "sampleIntervalSeconds",
  "historyLimit",
  "region",
  "pue",
  "wallFactor",
  "level",
  "intensityProviders",
  "intensityOffline",
  "intensityFile",
  "intensityZones",
  "intensityTimeoutSeconds",
  "cacheDirectory",
  "credentialsDirectory",
  "intervalSeconds",
  "recordIntervalSeconds",
  "ledger",
  "ledgerKey",
  "ledgerPassphraseFile",
  "records",
  "labels",
] as const satisfies readonly SettingName[];

/** Where settings are looked for. */
interface SettingsPlaces {
  /** Throws where the directory is gone. */
  readonly workingDirectory: () => string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Settings of file, environment and options. What is not allowed is left out, with a sentence in `problems`. */
export async function loggerSettings(
  options: EnergyLoggerOptions,
  { workingDirectory, environment }: SettingsPlaces,
  problems: string[],
): Promise<Settings> {
  const flags = optionsLayer(options);
  let directory = "/";
  try {
    directory = workingDirectory();
  } catch (error) {
    problems.push(messageOf(error));
  }
  const { configFile } = options;
  return loadAllowedSettings({ workingDirectory: directory, environment, configFile, flags }, problems);
}

function optionsLayer(options: EnergyLoggerOptions): Layer {
  const layer = new Map<SettingName, FoundValue>();
  for (const name of optionNames) {
    const value = options[name];
    if (value !== undefined) layer.set(name, { origin: `The option ${name}`, value });
  }
  return layer;
}
