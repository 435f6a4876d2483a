import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where a program is installed, or nothing: then it is said what is not tested, so that a loop over it registers no test. */
export function installed(program: string, otherwise: string): readonly string[] {
  const [path] = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .filter(isExecutable);
  if (path !== undefined) return [path];
  process.stderr.write(`${program} is not installed: ${otherwise}.\n`);
  return [];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
