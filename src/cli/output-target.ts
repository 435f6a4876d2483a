import { accessSync, constants, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import type { CommandContext } from "./context.ts";

/** Where a result goes that a flag names: standard output for "-", otherwise a file. */
export interface OutputTarget {
  /** Throws OUTPUT_FAILED. */
  write(text: string): Promise<void>;
}

/** Throws OUTPUT_FAILED at once when the file could not be written, so that nothing is measured in vain; writes nothing yet. */
export function outputTarget(flag: string, path: string, context: CommandContext): OutputTarget {
  if (path === "-") {
    return { write: async (text) => void context.stdout.write(text) };
  }
  const absolute = resolve(context.workingDirectory, path);
  assertWritable(flag, path, absolute);
  return {
    write: async (text) => {
      try {
        await writeFile(absolute, text);
      } catch (error) {
        throw outputFailed(flag, path, messageOf(error));
      }
    },
  };
}

function assertWritable(flag: string, path: string, absolute: string): void {
  if (path === "")
    throw new CarbonOpsError("USAGE", `${flag} is empty, but must be a file or "-" for standard output.`);
  try {
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) throw outputFailed(flag, path, "it is a directory");
    accessSync(stats === undefined ? dirname(absolute) : absolute, constants.W_OK);
  } catch (error) {
    if (error instanceof CarbonOpsError) throw error;
    const why = systemErrorCode(error) === "ENOENT" ? "its directory does not exist" : messageOf(error);
    throw outputFailed(flag, path, why);
  }
}

function outputFailed(flag: string, path: string, why: string): CarbonOpsError {
  return new CarbonOpsError("OUTPUT_FAILED", `${flag} ${path} cannot be written (${why}); name another file.`);
}
