/** Exit statuses of the errors that end the daemon; the catalogue of src/errors.ts has the same, which a test holds. */
export const startErrorExitCodes = {
  USAGE: 2,
  GOVERNOR_NO_COUNTERS: 5,
  GOVERNOR_RUNNING: 1,
  GOVERNOR_SOCKET_UNUSABLE: 2,
  GOVERNOR_USER_UNUSABLE: 2,
} as const;

/** Why the daemon does not start, in one sentence. It has a class of its own so that the catalogue is not read as root. */
export class StartError extends Error {
  readonly code: keyof typeof startErrorExitCodes;

  constructor(code: keyof typeof startErrorExitCodes, message: string) {
    super(message);
    this.code = code;
  }
}
