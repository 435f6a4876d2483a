import { readFileSync } from "node:fs";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";

/** The text of a kernel file. Throws HOST_UNREADABLE with the path and the reason. */
export function readKernelFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** The error for a kernel file that could not be opened or read. */
export function unreadable(path: string, error: unknown): CarbonOpsError {
  const reason = systemErrorCode(error) ?? messageOf(error);
  return new CarbonOpsError(
    "HOST_UNREADABLE",
    `${path} cannot be read (${reason}); carbon-ops needs Linux with this file visible to it, in a container too.`,
    { cause: error },
  );
}

/** The error for a kernel file that could be read but does not say what it should. */
export function unexpectedContent(path: string, expected: string): CarbonOpsError {
  return new CarbonOpsError(
    "HOST_UNREADABLE",
    `${path} does not hold ${expected}; please report it with the file's text and your kernel version.`,
  );
}
