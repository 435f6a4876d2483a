import { resolve } from "node:path";
import type { FoundValue } from "../../../config/layers.ts";
import { loadSettings } from "../../../config/load.ts";
import type { SettingName } from "../../../config/settings.ts";
import { CarbonOpsError, messageOf } from "../../../errors.ts";
import { type KeyFileOptions, loadSigningKey, type Signer } from "../../../ledger/index.ts";
import { keyFileOptions, signingKeyPath } from "../../../ledger/key-place.ts";
import { leadsTo } from "../../../ledger/key-rotation.ts";
import type { Genesis } from "../../../ledger/own-records.ts";
import { genesisForReading } from "../../../ledger/read-genesis.ts";
import { isVerifierKeyText, parseVerifierKey } from "../../../ledger/verifier-key.ts";
import type { CommandContext } from "../../context.ts";
import { readSmallFile } from "./small-file.ts";

/** A private key file, and how it is read. */
export interface KeyPlace {
  readonly path: string;
  readonly options: KeyFileOptions;
}

/** The private key file: --key, else the setting, else the user's own. */
export async function keyPlaceFor(flag: string | undefined, context: CommandContext): Promise<KeyPlace> {
  const flags = new Map<SettingName, FoundValue>();
  if (flag !== undefined) flags.set("ledgerKey", { origin: "--key", value: flag });
  const { workingDirectory, environment } = context;
  const settings = await loadSettings({ workingDirectory, environment, flags });
  return { path: signingKeyPath(settings.ledgerKey, context), options: keyFileOptions(settings, context) };
}

/** Whoever signs with that key. Throws KEY_INVALID or KEY_UNREADABLE. */
export async function ownSigner(flag: string | undefined, context: CommandContext): Promise<Signer> {
  const { path, options } = await keyPlaceFor(flag, context);
  return (await loadSigningKey(path, options)).signer;
}

/** Keys to verify with, and where they come from, in words for people. */
export interface TrustedKeys {
  readonly keys: readonly string[];
  /** Null when there are none. */
  readonly origin: string | null;
  /** Why the user's own key is not among them; null when it is, or was not looked for. */
  readonly unusedKey: string | null;
}

export function noKeys(unusedKey: string | null): TrustedKeys {
  return { keys: [], origin: null, unusedKey };
}

/**
 * The keys that --key names: verifier keys themselves, .pub files, or private key files. Throws KEY_INVALID or
 * KEY_UNREADABLE.
 */
export async function namedKeys(flags: readonly string[], context: CommandContext): Promise<TrustedKeys> {
  const keys = await Promise.all(flags.map((flag) => keysOf(flag, context)));
  return { keys: keys.flat(), origin: "given with --key", unusedKey: null };
}

/**
 * The user's own key, where there is one and the ledger says that it is signed with it, or with one that has followed it;
 * otherwise no key, and why. The chain can be checked without one.
 */
export async function ownKey(ledgerPath: string, context: CommandContext): Promise<TrustedKeys> {
  const named = await genesisOrNull(ledgerPath);
  if (named === null) return noKeys(null);
  try {
    const { path: keyPath, options } = await keyPlaceFor(undefined, context);
    const { verifierKey } = await loadSigningKey(keyPath, options);
    const isNamed = verifierKey === named.verifierKey.vkey;
    // Verifying says whether the statements are about this ledger: one that is not must not look like one of somebody else.
    if (isNamed || leadsTo(parseVerifierKey(verifierKey), named.verifierKey, named.keyRotations)) {
      const origin = isNamed ? `your own key, ${keyPath}` : `it follows your own key, ${keyPath}`;
      return { keys: [verifierKey], origin, unusedKey: null };
    }
    return noKeys(`Your own key, ${keyPath}, is not the one that the ledger names.`);
  } catch (error) {
    if (error instanceof CarbonOpsError) return noKeys(error.message);
    throw error;
  }
}

/** Null for what cannot be read or is no ledger: verifying it says so. */
async function genesisOrNull(ledgerPath: string): Promise<Genesis | null> {
  try {
    const genesis = await genesisForReading(ledgerPath);
    return typeof genesis === "string" ? null : genesis;
  } catch (error) {
    if (error instanceof CarbonOpsError) return null;
    throw error;
  }
}

async function keysOf(flag: string, context: CommandContext): Promise<readonly string[]> {
  if (isVerifierKeyText(flag)) return [flag];
  const path = resolve(context.workingDirectory, flag);
  const text = await readKeyFile(flag, path);
  if (text.includes("PRIVATE KEY")) {
    const { options } = await keyPlaceFor(path, context);
    return [(await loadSigningKey(path, options)).verifierKey];
  }
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "");
  if (keys.length === 0) throw new CarbonOpsError("KEY_INVALID", `${flag} holds no key; name a .pub file.`);
  return keys;
}

async function readKeyFile(flag: string, path: string): Promise<string> {
  try {
    return (await readSmallFile(path)).toString("utf8");
  } catch (error) {
    throw new CarbonOpsError(
      "KEY_UNREADABLE",
      `--key ${flag} is neither a verifier key nor a file that can be read (${messageOf(error)}); name a .pub file.`,
      { cause: error },
    );
  }
}
