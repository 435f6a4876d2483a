import { basename, dirname, join } from "node:path";
import { identityAt, isSameFile } from "./file-identity.ts";
import type { Genesis } from "./own-records.ts";
import { genesisForReading } from "./read-genesis.ts";
import { type SealedFile, sealedBeside } from "./sealed-beside.ts";
import { ledgerPathOf } from "./segment-paths.ts";
import { sealedPath } from "./segments.ts";

/** What stands beside the newest segment under the names of complete ones. */
export interface Sealing {
  /** A rotation has not come to its end: the segment has the name that it gets when it is sealed, too. */
  readonly isUnderWay: boolean;
  /** Where the checkpoints of the segment are; null where they are beside it. */
  readonly checkpointsBeside: string | null;
  readonly problem: string | null;
}

/**
 * A rotation gives a segment its second name first, then its checkpoints go, then the segment itself. Any other file with the
 * name of that segment, or of a later one, that begins like a ledger shows that there was a later state. Null for what is not the newest segment by its name.
 */
export async function sealingOf(path: string, genesis: Genesis | null): Promise<Sealing | null> {
  if (genesis === null || isSealedName(path, genesis.segment)) return null;
  const own = identityAt(path);
  const ledger = ledgerPathOf(path, genesis.segment);
  const isOwn = (name: string): boolean => isSameFile(own, identityAt(join(dirname(ledger), name)));
  const candidates = sealedBeside(ledger).filter(({ name, segment }) => segment >= genesis.segment && !isOwn(name));
  const later = await firstLedger(dirname(ledger), candidates);
  const sealed = sealedPath(ledger, genesis.segment);
  const isUnderWay = isOwn(basename(sealed));
  const isComplete = [".checkpoint", ".checkpoints"].every((ending) => identityAt(path + ending) !== null);
  return {
    isUnderWay,
    checkpointsBeside: isUnderWay && !isComplete ? sealed : null,
    problem: later === undefined ? null : rolledBack(later.name, later.segment, genesis.segment),
  };
}

/** Whether a file has the name of a complete segment, and not the ledger's as well. */
export function isSealed(path: string, segment: number): boolean {
  return isSealedName(path, segment) && !isSameFile(identityAt(path), identityAt(ledgerPathOf(path, segment)));
}

/** The name that the segment which is this file has now, after a rotation; null where it is not among the complete ones. */
export function sealedNow(ledger: string, file: ReturnType<typeof identityAt>): string | null {
  const paths = sealedBeside(ledger).map(({ name }) => join(dirname(ledger), name));
  return paths.find((path) => isSameFile(file, identityAt(path))) ?? null;
}

/** Somebody's file that begins like no ledger, or another ledger with such a name, shows nothing; what cannot be read may be one. */
async function firstLedger(directory: string, files: readonly SealedFile[]): Promise<SealedFile | undefined> {
  for (const file of files) {
    const genesis = await genesisForReading(join(directory, file.name)).catch(() => null);
    if (genesis === null || (typeof genesis !== "string" && genesis.segment === file.segment)) return file;
  }
  return undefined;
}

function isSealedName(path: string, segment: number): boolean {
  return ledgerPathOf(path, segment) !== path.replace(/\.gz$/, "");
}

function rolledBack(name: string, later: number, segment: number): string {
  if (later === segment) {
    return `${name} beside it is segment ${segment} too, as it was sealed: the ledger was rolled back to before that, or copied over`;
  }
  return `${name} beside it has the name of a later segment: the ledger was rolled back to before that one began`;
}
