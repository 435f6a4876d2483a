import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../clock.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";
import { directoryError } from "./ledger-files.ts";

/** An exclusive lock among all writers of a ledger, in this process and others. */
export interface Lock {
  release(): Promise<void>;
}

/** EX_TEMPFAIL of sysexits.h: not what `flock` ends with for any other reason. */
const timeoutStatus = 75;

type Attempt = "locked" | "timeout" | "interrupted";

/**
 * Takes the lock with flock(2). Node.js has no call for it, so the `flock` program takes it on a descriptor that it inherits:
 * the lock belongs to the open file, stays when the program has ended, and the kernel frees it when this process ends in
 * whatever way. Nothing guesses from a file's age whether its holder is dead.
 *
 * Throws LEDGER_LOCKED after `waitSeconds`, LEDGER_LOCK_UNAVAILABLE when there is no `flock` program or no locking.
 */
export async function acquireLock(path: string, waitSeconds: number, clock: Clock): Promise<Lock> {
  const handle = await openLockFile(path);
  try {
    const startNs = clock.monotonicNs();
    const leftMs = (): number => (waitSeconds - secondsFromNanoseconds(clock.monotonicNs() - startNs)) * 1000;
    let attempt: Attempt;
    do {
      attempt = await runFlock(handle.fd, Math.max(1, leftMs()));
    } while (attempt === "interrupted" && leftMs() > 0);
    if (attempt === "locked") return { release: () => handle.close() };
    throw new CarbonOpsError(
      "LEDGER_LOCKED",
      `Another process has kept the lock ${path} for ${waitSeconds} s; try again when it has ended.`,
    );
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws LEDGER_LOCK_UNAVAILABLE when the `flock` program is missing. Locks nothing. */
export async function assertLockAvailable(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn("flock", ["--version"], { stdio: "ignore" });
    child.once("error", (error) => reject(unavailable(error)));
    child.once("exit", () => resolve());
  });
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return await open(path, flags, 0o600);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") throw directoryError(dirname(path), error);
    throw new CarbonOpsError(
      "LEDGER_UNWRITABLE",
      `The lock ${path} cannot be opened (${messageOf(error)}); check the owner and mode of the file and of its directory.`,
      { cause: error },
    );
  }
}

async function runFlock(descriptor: number, waitMs: number): Promise<Attempt> {
  return await new Promise<Attempt>((resolve, reject) => {
    // It ends by itself after the wait: when this process is killed meanwhile, nobody else ends it.
    const wait = ["-w", (waitMs / 1000).toFixed(3), "-E", String(timeoutStatus)];
    // A process group of its own: Ctrl-C at the terminal must not cut off the record that is being written.
    const child = spawn("flock", ["-x", ...wait, "3"], {
      stdio: ["ignore", "ignore", "ignore", descriptor],
      detached: true,
    });
    child.once("error", (error) => reject(unavailable(error)));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve("locked");
      else if (code === timeoutStatus) resolve("timeout");
      else if (signal !== null) resolve("interrupted");
      else reject(unavailable(new Error(`flock ended with status ${code}`)));
    });
  });
}

function unavailable(error: unknown): CarbonOpsError {
  const why = systemErrorCode(error) === "ENOENT" ? "the `flock` program is missing" : messageOf(error);
  return new CarbonOpsError(
    "LEDGER_LOCK_UNAVAILABLE",
    `Ledger writers cannot exclude each other, because ${why}; install util-linux.`,
    { cause: error },
  );
}
