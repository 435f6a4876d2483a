import { constants } from "node:fs";
import { access, lstat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Clock } from "../clock.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { assertPathWritable } from "./appendable.ts";
import type { JsonObject } from "./canonical-json.ts";
import { type KeySurroundings, keyFileOptions, signingKeyPath } from "./key-place.ts";
import { Ledger } from "./ledger.ts";
import { loadOrCreateSigningKey, loadSigningKey } from "./signing-key.ts";

/** Appends records to a ledger that somebody named. */
export interface Recorder {
  /** Throws what `Ledger.append` throws, and with the first record what `Ledger.openOrCreate` does. */
  append(record: JsonObject): Promise<{ readonly path: string; readonly seq: number; readonly lineHash: string }>;
  close(): Promise<void>;
}

/** The settings of the same names. */
export interface RecorderSettings {
  readonly ledgerKey?: string | undefined;
  readonly ledgerPassphraseFile?: string | undefined;
}

export interface RecorderSurroundings extends KeySurroundings {
  readonly clock: Clock;
  /** How long an append waits for other writers, in seconds; 30 unless said otherwise. */
  readonly lockWaitSeconds?: number;
}

/**
 * Finds out before any work is done whether records can be kept: an existing ledger is opened, and with it checked; for a new
 * ledger or key its place is, and it is created with the first record. Throws LEDGER_* and KEY_* errors.
 */
export async function prepareRecorder(
  path: string,
  settings: RecorderSettings,
  surroundings: RecorderSurroundings,
): Promise<Recorder> {
  const { clock, lockWaitSeconds } = surroundings;
  const absolute = resolve(surroundings.workingDirectory, path);
  const keyPath = signingKeyPath(settings.ledgerKey, surroundings);
  const keyOptions = keyFileOptions(settings, surroundings);
  await assertPathWritable(absolute);
  const isThere = await exists(absolute);
  // A ledger that exists has its key: a new one would be of no use to it.
  if (isThere || (await exists(keyPath))) await loadSigningKey(keyPath, keyOptions);
  else await assertCreatable(keyPath);
  const openLedger = async (): Promise<Ledger> => {
    const { signer } = await loadOrCreateSigningKey(keyPath, keyOptions);
    return Ledger.openOrCreate(absolute, {
      signer,
      clock,
      ...(lockWaitSeconds === undefined ? {} : { lockWaitSeconds }),
    });
  };
  let ledger = isThere ? await openLedger() : null;
  // Several records may be the first one at the same time.
  let opening: Promise<Ledger> | null = null;
  const opened = async (): Promise<Ledger> => {
    opening ??= openLedger();
    try {
      ledger = await opening;
      return ledger;
    } finally {
      opening = null;
    }
  };
  return {
    append: async (record) => {
      const open = ledger ?? (await opened());
      return { path, ...(await open.append(record)) };
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
