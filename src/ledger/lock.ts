import { constants, fstatSync, lstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";
import { secondsFromNanoseconds } from "../units.ts";
import { bindFlock, type FlockCall } from "./flock-call.ts";
import { assertFlockProgram, type FlockOutcome, runFlock } from "./flock-program.ts";
import { directoryError } from "./ledger-files.ts";

/** An exclusive lock among all writers of a ledger, in this process and others. */
export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock with flock(2): the lock belongs to the open file, and the kernel frees it when this process ends in whatever
 * way. Nothing guesses from a file's age whether its holder is dead, so that a holder that was stopped still holds it.
 *
 * The call is made through koffi, without waiting in the kernel and again after a short pause, so that neither the event loop
 * nor a thread of the pool stands still. Without koffi the `flock` program makes the call on a descriptor that it inherits.
 *
 * Throws LEDGER_LOCKED after `waitSeconds`, LEDGER_LOCK_UNAVAILABLE when there is neither, or no locking on this file system.
 */
export async function acquireLock(path: string, waitSeconds: number, clock: Clock): Promise<Lock> {
  const startNs = clock.monotonicNs();
  const leftMs = (): number => (waitSeconds - secondsFromNanoseconds(clock.monotonicNs() - startNs)) * 1000;
  for (;;) {
    const handle = await openLockFile(path);
    try {
      const outcome = await lockDescriptor(handle.fd, leftMs);
      if (outcome === "timeout") throw heldTooLong(path, waitSeconds);
      // Whoever removed the file in between locks another one now.
      if (isStillNamed(handle.fd, path)) return { release: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
  }
}

/** Throws LEDGER_LOCK_UNAVAILABLE when there is neither koffi nor a `flock` program. Locks nothing. */
export async function assertLockAvailable(): Promise<void> {
  const { call, problem } = await bindFlock();
  if (call !== null) return;
  try {
    await assertFlockProgram();
  } catch (error) {
    throw unavailable(error, problem);
  }
}

async function lockDescriptor(descriptor: number, leftMs: () => number): Promise<FlockOutcome> {
  const { call, problem } = await bindFlock();
  if (call !== null) return await lockByCall(call, descriptor, leftMs);
  try {
    let outcome: FlockOutcome;
    do {
      outcome = await runFlock(descriptor, Math.max(1, leftMs()));
    } while (outcome === "interrupted" && leftMs() > 0);
    return outcome === "interrupted" ? "timeout" : outcome;
  } catch (error) {
    throw unavailable(error, problem);
  }
}

/** Pauses between attempts, in milliseconds: they grow from the first to the second. */
const firstPauseMs = 0.5;
const longestPauseMs = 4;

async function lockByCall(call: FlockCall, descriptor: number, leftMs: () => number): Promise<FlockOutcome> {
  let pauseMs = firstPauseMs;
  for (;;) {
    const outcome = call(descriptor);
    if (outcome === "locked") return "locked";
    if (typeof outcome === "number") {
      throw unavailable(new Error(`flock failed with error number ${outcome} on this file system`), null);
    }
    if (outcome === "interrupted") continue;
    if (leftMs() <= 0) return "timeout";
    // Chance keeps writers that wait for the same lock from asking in step.
    await sleep(pauseMs * (0.5 + Math.random()));
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
  }
}

function isStillNamed(descriptor: number, path: string): boolean {
  const own = fstatSync(descriptor);
  const named = lstatSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === own.ino && named.dev === own.dev;
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

function heldTooLong(path: string, waitSeconds: number): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_LOCKED",
    `Another process has kept the lock ${path} for ${waitSeconds} s; try again when it has ended.`,
  );
}

function unavailable(error: unknown, problem: string | null): CarbonOpsError {
  const program = systemErrorCode(error) === "ENOENT" ? "the `flock` program is missing" : messageOf(error);
  const why = problem === null ? program : `${problem} and ${program}`;
  return new CarbonOpsError(
    "LEDGER_LOCK_UNAVAILABLE",
    `Ledger writers cannot exclude each other, because ${why}; run npm install koffi, or install util-linux.`,
    { cause: error },
  );
}
