import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CarbonOpsError, messageOf } from "../errors.ts";

const marker = ".carbon-ops-simulation";

/**
 * Makes the directory ready for a new tree: it is created, or emptied where an earlier simulation filled it. Throws INPUT_INVALID for a
 * directory that holds anything else, and OUTPUT_FAILED where it cannot be written.
 */
export function preparePlace(directory: string): void {
  const names = namesIn(directory);
  if (names.length > 0 && !names.includes(marker)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `${directory} holds files that no simulation made, and would be emptied; name a directory that is empty or not there yet.`,
    );
  }
  try {
    for (const name of ["sys", "proc", "dev"]) rmSync(join(directory, name), { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, marker), "A simulated host; `carbon-ops simulate` may empty this directory.\n");
  } catch (error) {
    throw new CarbonOpsError("OUTPUT_FAILED", `${directory} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Writes a file of the tree that does not move. */
export function writeStill(directory: string, name: string, text: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), text);
}
