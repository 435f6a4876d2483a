import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { FoundValue } from "../../../config/layers.ts";
import { loadSettings } from "../../../config/load.ts";
import type { SettingName } from "../../../config/settings.ts";
import { CarbonOpsError, messageOf } from "../../../errors.ts";
import { readGenesis } from "../../../ledger/appendable.ts";
import { loadSigningKey } from "../../../ledger/index.ts";
import { isVerifierKeyText } from "../../../ledger/verifier-key.ts";
import type { CommandContext } from "../../context.ts";
import { signingKeyPath } from "../../signing-key-path.ts";

/** The private key file: --key, else the setting, else the user's own. */
export async function keyPathFor(flag: string | undefined, context: CommandContext): Promise<string> {
  const flags = new Map<SettingName, FoundValue>();
  if (flag !== undefined) flags.set("ledgerKey", { origin: "--key", value: flag });
  const { workingDirectory, environment } = context;
  const settings = await loadSettings({ workingDirectory, environment, flags });
  return signingKeyPath(settings.ledgerKey, context);
}

/** Keys to verify with, and where they come from, in words for people. */
export interface TrustedKeys {
  readonly keys: readonly string[];
  readonly origin: string;
}

/**
 * The keys that --key names: verifier keys themselves, .pub files, or private key files. Throws KEY_INVALID or
 * KEY_UNREADABLE.
 */
export async function namedKeys(flags: readonly string[], context: CommandContext): Promise<TrustedKeys> {
  const keys = await Promise.all(flags.map((flag) => keysOf(flag, context)));
  return { keys: keys.flat(), origin: "given with --key" };
}

/** The user's own key, where there is one and the ledger says that it is signed with it; otherwise no key. */
export async function ownKey(ledgerPath: string, context: CommandContext): Promise<TrustedKeys> {
  const none = { keys: [], origin: "" };
  try {
    const keyPath = await keyPathFor(undefined, context);
    const { verifierKey } = await loadSigningKey(keyPath);
    const genesis = await readGenesis(ledgerPath);
    return genesis.verifierKey.vkey === verifierKey
      ? { keys: [verifierKey], origin: `your own key, ${keyPath}` }
      : none;
  } catch (error) {
    // Without a usable key of one's own the chain can still be checked; a ledger that cannot be read is reported then.
    if (error instanceof CarbonOpsError) return none;
    throw error;
  }
}

async function keysOf(flag: string, context: CommandContext): Promise<readonly string[]> {
  if (isVerifierKeyText(flag)) return [flag];
  const path = resolve(context.workingDirectory, flag);
  const text = await readKeyFile(flag, path);
  if (text.includes("PRIVATE KEY")) return [(await loadSigningKey(path)).verifierKey];
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "");
  if (keys.length === 0) throw new CarbonOpsError("KEY_INVALID", `${flag} holds no key; name a .pub file.`);
  return keys;
}

async function readKeyFile(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CarbonOpsError(
      "KEY_UNREADABLE",
      `--key ${flag} is neither a verifier key nor a file that can be read (${messageOf(error)}); name a .pub file.`,
      { cause: error },
    );
  }
}
