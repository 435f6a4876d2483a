import type { Clock } from "../clock.ts";
import { type FoundValue, type Layer, mergeLayers } from "../config/layers.ts";
import { loadSettings } from "../config/load.ts";
import type { SettingName, Settings } from "../config/settings.ts";
import { messageOf } from "../errors.ts";
import type { HostRoots } from "../host/roots.ts";

export interface EnergyLoggerOptions {
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
  const flags = allowedOptions(options, problems);
  try {
    return await loadSettings({
      workingDirectory: workingDirectory(),
      environment,
      configFile: options.configFile,
      flags,
    });
  } catch (error) {
    problems.push(messageOf(error));
    return mergeLayers([flags]);
  }
}

function allowedOptions(options: EnergyLoggerOptions, problems: string[]): Layer {
  const layer = new Map<SettingName, FoundValue>();
  for (const name of optionNames) {
    const value = options[name];
    if (value === undefined) continue;
    const found = { origin: `The option ${name}`, value };
    try {
      mergeLayers([new Map([[name, found]])]);
      layer.set(name, found);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return layer;
}
