import { basename, dirname } from "node:path";
import { CarbonOpsError } from "../errors.ts";
import { identityAt } from "./file-identity.ts";
import { assertAbsent, ledgerPaths } from "./ledger-files.ts";
import { assertNoSegmentsBeside, namesIn } from "./sealed-beside.ts";
import { ledgerOfSealed } from "./segments.ts";

/** Throws what would keep a ledger from being created: LEDGER_EXISTS, LEDGER_NOT_A_FILE. Nothing is written. */
export async function assertCreatable(path: string): Promise<void> {
  await assertAbsent(path);
  assertNothingLeft(path);
}

/**
 * Throws LEDGER_EXISTS where files of an earlier ledger of this name stand, whose lines are gone: a new one would take its checkpoints
 * and torn bytes for its own, and hide its segments. If the ledger is there after all, somebody has created it meanwhile.
 */
export function assertNothingLeft(path: string): void {
  try {
    assertNoSegmentName(path);
    assertNoSegmentsBeside(path);
    assertNoFilesBeside(path);
  } catch (error) {
    if (identityAt(path) === null) throw error;
  }
}

/** What is begun under such a name would be taken for a complete segment of the ledger beside it. */
function assertNoSegmentName(path: string): void {
  const ledger = ledgerOfSealed(path);
  if (ledger === null) return;
  throw new CarbonOpsError(
    "LEDGER_EXISTS",
    `${path} was not created, because the complete segments of ${ledger} have such names; choose another one.`,
  );
}

/** Caches and the lock do no harm. */
function assertNoFilesBeside(path: string): void {
  const { checkpoint, history, cosigned } = ledgerPaths(path);
  const names = [checkpoint, history, cosigned].map((file) => basename(file));
  const tornBeginnings = [path, history].map((file) => `${basename(file)}.torn-`);
  const isLeft = (name: string): boolean =>
    names.includes(name) || tornBeginnings.some((beginning) => name.startsWith(beginning));
  const left = namesIn(dirname(path)).find(isLeft);
  if (left === undefined) return;
  throw new CarbonOpsError(
    "LEDGER_EXISTS",
    `${path} was not created, because ${left} of an earlier ledger of that name stands beside it; move the files of that ledger away, or choose another name.`,
  );
}
