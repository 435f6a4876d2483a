import type { SettingName } from "../config/settings.ts";

/** Settings that say where intensities come from, for the commands that ask for them. */
export const intensitySettingNames: readonly SettingName[] = [
  "intensityProviders",
  "intensityOffline",
  "intensityFile",
];
