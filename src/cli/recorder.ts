import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Settings } from "../config/settings.ts";
import { assertPathWritable, type JsonObject, Ledger, loadOrCreateSigningKey } from "../ledger/index.ts";
import type { CommandContext } from "./context.ts";
import { signingKeyPath } from "./signing-key-path.ts";

/** Appends records to the ledger that a command was given. */
export interface Recorder {
  append(record: JsonObject): Promise<{ readonly path: string; readonly seq: number; readonly lineHash: string }>;
  close(): Promise<void>;
}

/**
 * Finds out before any work is done whether records can be kept: an existing ledger is opened, and with it checked; for a new
 * one its place and the key are, and it is created with the first record. Throws LEDGER_* and KEY_* errors.
 */
export async function prepareRecorder(path: string, settings: Settings, context: CommandContext): Promise<Recorder> {
  const absolute = resolve(context.workingDirectory, path);
  await assertPathWritable(absolute);
  const { signer } = await loadOrCreateSigningKey(signingKeyPath(settings.ledgerKey, context));
  const options = { signer, clock: context.clock };
  let ledger = (await exists(absolute)) ? await Ledger.open(absolute, options) : null;
  return {
    append: async (record) => {
      ledger ??= await Ledger.openOrCreate(absolute, options);
      return { path, ...(await ledger.append(record)) };
    },
    close: async () => {
      await ledger?.close();
    },
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
