import { constants } from "node:fs";
import { access, lstat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import {
  assertPathWritable,
  type JsonObject,
  Ledger,
  loadOrCreateSigningKey,
  loadSigningKey,
} from "../ledger/index.ts";
import type { CommandContext } from "./context.ts";
import { keyFileOptions, signingKeyPath } from "./signing-key-path.ts";

/** Appends records to the ledger that a command was given. */
export interface Recorder {
  append(record: JsonObject): Promise<{ readonly path: string; readonly seq: number; readonly lineHash: string }>;
  close(): Promise<void>;
}

/**
 * Finds out before any work is done whether records can be kept: an existing ledger is opened, and with it checked; for a new
 * ledger or key its place is, and it is created with the first record. Throws LEDGER_* and KEY_* errors.
 */
export async function prepareRecorder(path: string, settings: Settings, context: CommandContext): Promise<Recorder> {
  const absolute = resolve(context.workingDirectory, path);
  const keyPath = signingKeyPath(settings.ledgerKey, context);
  const keyOptions = keyFileOptions(settings, context);
  await assertPathWritable(absolute);
  if (await exists(keyPath)) await loadSigningKey(keyPath, keyOptions);
  else await assertCreatable(keyPath);
  const open = async (): Promise<Ledger> => {
    const { signer } = await loadOrCreateSigningKey(keyPath, keyOptions);
    return Ledger.openOrCreate(absolute, { signer, clock: context.clock });
  };
  let ledger = (await exists(absolute)) ? await open() : null;
  return {
    append: async (record) => {
      ledger ??= await open();
      return { path, ...(await ledger.append(record)) };
    },
    close: async () => {
      await ledger?.close();
    },
  };
}

/** Throws KEY_UNREADABLE when neither the key's directory nor the nearest one above it that exists may be written. */
async function assertCreatable(keyPath: string): Promise<void> {
  for (let directory = dirname(keyPath); ; directory = dirname(directory)) {
    try {
      await access(directory, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT" && directory !== dirname(directory)) continue;
      throw new CarbonOpsError(
        "KEY_UNREADABLE",
        `A signing key cannot be created at ${keyPath} (${messageOf(error)}); name another place with --ledger-key.`,
        { cause: error },
      );
    }
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
