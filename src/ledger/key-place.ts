import { join, resolve } from "node:path";
import { CarbonOpsError } from "../errors.ts";
import type { KeyFileOptions } from "./signing-key.ts";

/** Where paths are looked up from. */
export interface KeySurroundings {
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Where the private key is that signs a ledger's checkpoints: the place the settings name, else the user's own key in the
 * configuration directory of the XDG Base Directory Specification. Throws KEY_UNREADABLE when there is no such directory.
 */
export function signingKeyPath(
  configured: string | undefined,
  { environment, workingDirectory }: KeySurroundings,
): string {
  if (configured !== undefined) return resolve(workingDirectory, configured);
  const configuration = environment["XDG_CONFIG_HOME"];
  const home = environment["HOME"];
  if (configuration?.startsWith("/") === true) return join(configuration, "carbon-ops", "ledger.key");
  if (home?.startsWith("/") === true) return join(home, ".config", "carbon-ops", "ledger.key");
  throw new CarbonOpsError(
    "KEY_UNREADABLE",
    "There is no place for a signing key, because HOME is not set; set it, or name a key file in CARBON_OPS_LEDGER_KEY.",
  );
}

/** How the key is read: with the passphrase that the settings name. */
export function keyFileOptions(
  { ledgerPassphraseFile }: { readonly ledgerPassphraseFile?: string | undefined },
  { workingDirectory }: Pick<KeySurroundings, "workingDirectory">,
): KeyFileOptions {
  return ledgerPassphraseFile === undefined ? {} : { passphraseFile: resolve(workingDirectory, ledgerPassphraseFile) };
}
