import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** File names that are looked for in the working directory and then upward. */
export const configFileNames: readonly string[] = [
  "carbon-ops.config.json",
  "carbon-ops.config.yaml",
  "carbon-ops.config.yml",
];

/** The nearest configuration file at or above a directory, or null. */
export function findConfigFile(fromDirectory: string): string | null {
  for (let directory = resolve(fromDirectory); ; directory = dirname(directory)) {
    const found = configFileNames.map((name) => join(directory, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (dirname(directory) === directory) return null;
  }
}
