/**
 * Every error of carbon-ops is born here. Each has a stable `code` that scripts may test, and one sentence that says what
 * happened, why, and what to do. `docs/errors.md` lists the same codes; a test holds the two equal.
 */

export { messageOf, systemErrorCode } from "./thrown.ts";

interface CatalogueEntry {
  /** Exit status of the command line when this error ends it. */
  readonly exitCode: number;
  /** What the code means, for docs/errors.md. */
  readonly meaning: string;
}

export const errorCatalogue = {
  USAGE: {
    exitCode: 2,
    meaning: "The command line is wrong: an unknown command or flag, or a value that is not allowed.",
  },
  CONFIG_INVALID: {
    exitCode: 2,
    meaning: "A configuration file, environment variable or flag holds a value that is not allowed.",
  },
  CONFIG_UNREADABLE: { exitCode: 2, meaning: "A configuration file was named but cannot be read or parsed." },
  REGION_UNKNOWN: { exitCode: 2, meaning: "The region is in no table: `carbon-ops regions` lists those that are." },
  INTENSITY_UNAVAILABLE: {
    exitCode: 1,
    meaning:
      "A provider of carbon intensities could not be reached, or failed: time-out, reset, refusal or 5xx. `settle` ends with it where no service could be asked, its key refused included.",
  },
  INTENSITY_RATE_LIMITED: {
    exitCode: 1,
    meaning: "A provider of carbon intensities asks to be left alone for a while (status 429).",
  },
  INTENSITY_CREDENTIALS: {
    exitCode: 2,
    meaning:
      "A provider of carbon intensities has no credentials, or refuses them; or their file is readable by others.",
  },
  INTENSITY_PLAN: {
    exitCode: 1,
    meaning: "The credentials are good, but the plan behind them does not cover what was asked for.",
  },
  INTENSITY_NO_DATA: {
    exitCode: 1,
    meaning: "A provider of carbon intensities has no value of that kind for that zone and time.",
  },
  INTENSITY_ANSWER_INVALID: {
    exitCode: 1,
    meaning:
      "A provider's answer is refused: not the documented form, another zone or unit than asked for, or made-up sandbox data.",
  },
  INTENSITY_OFFLINE: {
    exitCode: 1,
    meaning: "Offline mode is on, and the provider's stored values do not hold what was asked for.",
  },
  INPUT_INVALID: {
    exitCode: 2,
    meaning: "A number, time or record given to the library or a command is outside its range.",
  },
  COMMAND_NOT_FOUND: { exitCode: 127, meaning: "The command that `run` was asked to start does not exist." },
  COMMAND_NOT_STARTED: {
    exitCode: 126,
    meaning: "The command that `run` was asked to start exists but cannot be executed.",
  },
  COMMAND_FAILED: {
    exitCode: 1,
    meaning: "A command that `compare` ran did not end with exit status 0, so its energy is that of a failure.",
  },
  COMPARISON_WORSE: {
    exitCode: 3,
    meaning:
      "`compare --fail-if-worse` found a command that is shown to take more energy than the first one by the limit.",
  },
  COMPARISON_UNRESOLVED: {
    exitCode: 1,
    meaning:
      "`compare` can say nothing: a run's energy is below what can be read, too few runs were done, or no affordable number of runs shows the difference that was asked for.",
  },
  BUDGET_EXCEEDED: { exitCode: 3, meaning: "The task used more grams or watt-hours than its budget allows." },
  OUTPUT_FAILED: { exitCode: 1, meaning: "A result could not be written to the file that was named." },
  ENERGY_SOURCE_UNAVAILABLE: {
    exitCode: 2,
    meaning: "The energy source that was asked for cannot be used on this host.",
  },
  ENERGY_READ_FAILED: { exitCode: 1, meaning: "A counter or kernel file that worked before can no longer be read." },
  HOST_UNREADABLE: {
    exitCode: 1,
    meaning: "A kernel file under /proc or /sys is missing or holds something unexpected.",
  },
  HOST_NOT_IDLE: {
    exitCode: 1,
    meaning: "`calibrate` found the host busy, so what it measured is no idle power; nothing was stored.",
  },
  LEDGER_EXISTS: {
    exitCode: 2,
    meaning:
      "A ledger was to be created, or a complete segment to be named, where a file already is, be it what is left of an earlier ledger.",
  },
  LEDGER_NOT_FOUND: { exitCode: 2, meaning: "The ledger file does not exist." },
  LEDGER_NOT_A_FILE: { exitCode: 2, meaning: "The ledger path names a directory, a symbolic link or a device." },
  LEDGER_UNREADABLE: {
    exitCode: 2,
    meaning:
      "The ledger file, or a file beside it, may not be read by this user; or what was kept of it (a state, a checkpoint) is damaged.",
  },
  LEDGER_UNWRITABLE: { exitCode: 2, meaning: "The ledger file, or its directory, may not be written by this user." },
  LEDGER_INVALID: { exitCode: 1, meaning: "The ledger was altered or damaged: the message names the first bad line." },
  LEDGER_WRITE_FAILED: {
    exitCode: 1,
    meaning: "The disk refused the record (full, quota, I/O error); the ledger was left as it was before.",
  },
  LEDGER_POISONED: {
    exitCode: 1,
    meaning: "An earlier write or sync of this ledger failed; open it again before appending.",
  },
  LEDGER_CHECKPOINT_STALE: {
    exitCode: 1,
    meaning:
      "The records of a ledger are written, but its newest checkpoint could not be signed or put in its file; the next writer does it.",
  },
  LEDGER_LOCKED: { exitCode: 1, meaning: "Another process kept the ledger's lock for longer than the waiting time." },
  LEDGER_LOCK_UNAVAILABLE: {
    exitCode: 1,
    meaning:
      "Neither the optional package koffi nor the `flock` program can lock the ledger, so that writers cannot exclude each other.",
  },
  LEDGER_REPLACED: {
    exitCode: 1,
    meaning: "The ledger file was replaced, cut or changed by someone else while it was open.",
  },
  LEDGER_BUSY: {
    exitCode: 4,
    meaning:
      "The ledger's file was replaced again and again while it was verified, so that nothing can be said about it.",
  },
  RECORD_INVALID: { exitCode: 2, meaning: "A record is not canonicalisable JSON or does not fit its schema." },
  KEY_INVALID: { exitCode: 2, meaning: "A key file or verifier key is malformed, weak, or readable by others." },
  KEY_EXISTS: { exitCode: 2, meaning: "A key was to be created where a file already is." },
  KEY_UNREADABLE: { exitCode: 2, meaning: "A key file cannot be read." },
  LEDGER_UNSIGNED: {
    exitCode: 4,
    meaning: "The chain holds, but no trusted key shows who wrote it, or not who wrote its last lines.",
  },
  GOVERNOR_NO_COUNTERS: {
    exitCode: 5,
    meaning: "The governor found no energy counter that it can read, and --allow-empty was not given.",
  },
  GOVERNOR_RUNNING: { exitCode: 1, meaning: "Another governor answers on the socket, or counts into the state file." },
  GOVERNOR_SOCKET_UNUSABLE: {
    exitCode: 2,
    meaning: "The governor's socket cannot be created where it was asked for, or not for that group.",
  },
  GOVERNOR_USER_UNUSABLE: { exitCode: 2, meaning: "The governor could not become the user of --user." },
  GOVERNOR_UNAVAILABLE: {
    exitCode: 1,
    meaning: "No governor answers on the socket: it is absent, forbidden, left over, or silent for too long.",
  },
  GOVERNOR_REFUSED: { exitCode: 1, meaning: "The governor refused a request; the message holds its reason." },
  LISTEN_UNUSABLE: {
    exitCode: 2,
    meaning: "The address of --listen cannot be served on: it is taken, forbidden, or not this host's.",
  },
  INTERNAL: { exitCode: 70, meaning: "A defect of carbon-ops: please report it with the message." },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

/** An error whose `message` is one sentence for a person and whose `code` is stable for a program. */
export class CarbonOpsError extends Error {
  override readonly name = "CarbonOpsError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Exit status that the command line ends with for this error. */
  get exitCode(): number {
    return errorCatalogue[this.code].exitCode;
  }
}
