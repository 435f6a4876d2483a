import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { CarbonOpsError, messageOf, systemErrorCode } from "../errors.ts";

/** A file that has the name of a complete segment, perhaps compressed. */
export interface SealedFile {
  readonly name: string;
  readonly segment: number;
}

/** What stands beside a ledger under the names of its complete segments, in their order. Throws LEDGER_UNREADABLE. */
export function sealedBeside(ledger: string): readonly SealedFile[] {
  const prefix = `${basename(ledger)}.`;
  return namesIn(dirname(ledger))
    .flatMap((name) => {
      const digits = name.startsWith(prefix) ? /^(\d{6})(?:\.gz)?$/.exec(name.slice(prefix.length))?.[1] : undefined;
      return digits === undefined ? [] : [{ name, segment: Number(digits) }];
    })
    .sort((left, right) => left.segment - right.segment);
}

/** Complete segments whose newest file is gone: a ledger that was begun here would hide them. Throws LEDGER_EXISTS. */
export function assertNoSegmentsBeside(ledger: string): void {
  const last = sealedBeside(ledger).at(-1);
  if (last === undefined) return;
  throw new CarbonOpsError(
    "LEDGER_EXISTS",
    `${ledger} was not created, because ${last.name} beside it is a complete segment of a ledger of that name, whose newest file is missing; restore that file, or choose another name.`,
  );
}

export function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    // Whoever opens or creates the ledger says so.
    if (systemErrorCode(error) === "ENOENT" || systemErrorCode(error) === "ENOTDIR") return [];
    throw new CarbonOpsError(
      "LEDGER_UNREADABLE",
      `The directory ${directory} cannot be listed (${messageOf(error)}), so nothing shows whether segments of the ledger stand there; let this user read it.`,
      { cause: error },
    );
  }
}
