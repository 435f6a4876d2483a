import { CarbonOpsError } from "../errors.ts";
import type { LineFault } from "./inspect.ts";
import type { LedgerPaths } from "./ledger-files.ts";
import type { VerifierKey } from "./verifier-key.ts";

/** Why a writer does not write to a ledger that is not what it should be. */
export function replaced({ ledger }: LedgerPaths): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_REPLACED",
    `${ledger} was replaced, cut or changed while it was open, so nothing was written; ask \`carbon-ops ledger verify\`.`,
  );
}

/** Lines without any checkpoint are not signed blindly: whoever deletes checkpoints could rewrite history that way. */
export function withoutCheckpoint({ checkpoint }: LedgerPaths): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${checkpoint} is missing although the ledger has records, so nothing was written; restore it.`,
  );
}

export function invalid({ ledger }: LedgerPaths, { line, reason }: LineFault): CarbonOpsError {
  return new CarbonOpsError(
    "LEDGER_INVALID",
    `${ledger} was altered or damaged at line ${line} (${reason}), so nothing was written; \`carbon-ops ledger verify\` tells more.`,
  );
}

export function otherKey({ ledger }: LedgerPaths, named: VerifierKey, own: VerifierKey): CarbonOpsError {
  return new CarbonOpsError(
    "KEY_INVALID",
    `${ledger} is signed by ${named.name}, not by ${own.name}; name its own key, or start another ledger.`,
  );
}
