import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CarbonOpsError, systemErrorCode } from "../errors.ts";
import type { Environment } from "./http/proxy.ts";

export interface CredentialName {
  /** Environment variable that holds it; with `_FILE` behind it, the path of a file that does. */
  readonly variable: string;
  /** Its file's name in a directory of credentials. */
  readonly fileName: string;
}

/**
 * A secret from the environment, from the file that NAME_FILE names, from a directory of credentials, or from systemd's
 * (LoadCredential=), in this order; null where there is none. Throws INTENSITY_CREDENTIALS for a file that others may read, or
 * that cannot be read: the sentence names the place, never the content.
 */
export function credential(
  { variable, fileName }: CredentialName,
  environment: Environment,
  directory: string | undefined,
): string | null {
  const inEnvironment = environment[variable]?.trim() ?? "";
  if (inEnvironment !== "") return printable(inEnvironment, variable);
  const path = environment[`${variable}_FILE`] ?? "";
  if (path !== "") {
    const named = fileContent(path, ownerOnly);
    if (named === null) throw unusable(path, "does not exist");
    return named;
  }
  const inDirectory = directory === undefined ? null : fileContent(join(directory, fileName), ownerOnly);
  if (inDirectory !== null) return inDirectory;
  const ofService = environment["CREDENTIALS_DIRECTORY"] ?? "";
  // systemd shows an access list for the service's user as group permissions.
  return ofService === "" ? null : fileContent(join(ofService, fileName), ownerAndGroup);
}

/** Permission bits that may not be set. */
const ownerOnly = 0o077;
const ownerAndGroup = 0o007;

function fileContent(path: string, forbiddenBits: number): string | null {
  try {
    const { mode } = statSync(path);
    if ((mode & forbiddenBits) !== 0) {
      throw unusable(path, `may be read by others (mode ${(mode & 0o777).toString(8)}): run chmod 600 on it`);
    }
    const content = readFileSync(path, "utf8").trim();
    if (content === "") throw unusable(path, "is empty");
    return printable(content, path);
  } catch (error) {
    if (error instanceof CarbonOpsError) throw error;
    const code = systemErrorCode(error);
    if (code === "ENOENT") return null;
    throw unusable(path, `cannot be read (${code ?? "unknown error"})`);
  }
}

/** Anything else could not stand in a header, and the error of trying would show it. */
function printable(secret: string, place: string): string {
  if (/^[\x20-\x7e]+$/.test(secret)) return secret;
  throw unusable(place, "holds characters that are not printable ASCII, or several lines");
}

function unusable(place: string, what: string): CarbonOpsError {
  return new CarbonOpsError("INTENSITY_CREDENTIALS", `The credential ${place} ${what}; the provider is not asked.`);
}
