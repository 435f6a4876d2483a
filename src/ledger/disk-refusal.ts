import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";

/** What the caller of `append` is told when nothing of the record was kept. */
export function writeFailure(path: string, error: unknown): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_WRITE_FAILED",
    `The record was not written, because ${path} ${refusal(error)}, and the ledger is as it was before; ${remedy(error)}, and append it again.`,
    { cause: error },
  );
}

/** What is said when a segment could not be sealed. */
export function notSealed(path: string, error: unknown): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_WRITE_FAILED",
    `${path} was not sealed, because it ${refusal(error)}, and all its records are where they were; ${remedy(error)}, and rotate again.`,
    { cause: error },
  );
}

/** What is said when all records are safe, and only what stands beside them was not brought up to date. */
export function staleCheckpoint(path: string, error: unknown): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_CHECKPOINT_STALE",
    `The records are written, but ${path} was not brought up to date, because it ${refusal(error)}; ${remedy(error)}, and append or open the ledger again.`,
    { cause: error },
  );
}

/** What is said when a ledger cannot be brought up to date at its opening: its records are safe, and no new one was written. */
export function notOpened(error: unknown): unknown {
  if (!(error instanceof CarbonOpsError) || error.code !== "LEDGER_CHECKPOINT_STALE") return error;
  const why = `it ${refusal(error.cause)}; ${remedy(error.cause)}, and try again`;
  const words = `Nothing was written now, because the checkpoint of the records before could not be brought up to date when the ledger was opened: ${why}.`;
  return new CarbonOpsError("LEDGER_WRITE_FAILED", words, { cause: error });
}

function refusal(error: unknown): string {
  const code = diskErrorCode(error);
  if (code === "ENOSPC") return "found the disk full";
  if (code === "EFBIG") return "would pass the limit on file sizes";
  if (code === "EDQUOT") return "would pass the disk quota";
  return `could not be completed (${messageOf(error)})`;
}

function remedy(error: unknown): string {
  const code = diskErrorCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") return "free some space";
  return code === "EFBIG" ? "raise the limit" : "find out what hinders it";
}

/** Whether the disk itself refused, as opposed to a permission or a missing folder. */
export function isDiskRefusal(error: unknown): boolean {
  return ["ENOSPC", "EFBIG", "EDQUOT", "EIO"].includes(diskErrorCode(error) ?? "");
}

/** Node.js 20 has no name for EDQUOT (122) and reports UNKNOWN. */
function diskErrorCode(error: unknown): string | undefined {
  const isQuota = error instanceof Error && "errno" in error && error.errno === -122;
  return isQuota ? "EDQUOT" : systemErrorCode(error);
}
