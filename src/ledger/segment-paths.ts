import { existsSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { CarbonOpsError } from "../errors.ts";
import { openLedgerFileIfAny } from "./ledger-files.ts";
import { sealedPath } from "./segments.ts";

/**
 * The files of all segments of a ledger up to the one that was named, oldest first. That one may itself be a complete segment,
 * and each of them may be compressed: then its name ends in `.gz`. Throws LEDGER_NOT_FOUND for one that is missing.
 */
export function segmentPaths(path: string, newest: number): string[] {
  const base = ledgerPathOf(path, newest);
  const earlier = Array.from({ length: newest - 1 }, (_, index) => {
    const sealed = sealedPath(base, index + 1);
    if (existsSync(sealed)) return sealed;
    if (existsSync(`${sealed}.gz`)) return `${sealed}.gz`;
    throw missingSegment(path, sealed, newest);
  });
  return [...earlier, path];
}

/**
 * Opens a complete segment of a ledger, under its plain name or compressed; null where there is neither. A segment that is being
 * compressed meanwhile has one name or the other.
 */
export async function openSealedIfAny(ledger: string, segment: number): Promise<FileHandle | null> {
  const sealed = sealedPath(ledger, segment);
  return (await openLedgerFileIfAny(sealed, "read")) ?? (await openLedgerFileIfAny(`${sealed}.gz`, "read"));
}

/** The name that a ledger has, or had, uncompressed and before the segment that was named was sealed. */
export function ledgerPathOf(path: string, segment: number): string {
  const plain = path.replace(/\.gz$/, "");
  const base = plain.replace(/\.\d+$/, "");
  return plain === sealedPath(base, segment) ? base : plain;
}

export function missingSegment(path: string, sealed: string, newest: number): CarbonOpsError {
  const which = `${basename(path)} is segment ${newest} of a ledger`;
  return new CarbonOpsError(
    "LEDGER_NOT_FOUND",
    `${which}, but the file of an earlier one, ${sealed}, is missing; restore it and its .checkpoint and .checkpoints, or put it there as ${basename(sealed)}.gz.`,
  );
}
