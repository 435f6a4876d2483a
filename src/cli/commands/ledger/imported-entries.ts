import { hash } from "node:crypto";
import { CarbonOpsError } from "../../../errors.ts";
import { type PythonEntry, readPythonEntry } from "../../../ledger/python/entry.ts";
import { type PythonLine, pythonLinesOf } from "../../../ledger/python/python-lines.ts";
import type { PythonVerification } from "../../../ledger/python/verify-python.ts";
import { buildImportedEntryRecord, type ImportedEntryRecord } from "../../../record/imported-entry-record.ts";

/** A ledger of the Python original that was verified just now. */
export interface ImportSource {
  /** As the user named it. */
  readonly name: string;
  readonly path: string;
  readonly findings: PythonVerification;
}

export function isVerified({ valid, trust }: PythonVerification): boolean {
  return valid && trust === "key";
}

/**
 * A record for each line of the source, in order. Throws RECORD_INVALID for bytes that are not UTF-8, and LEDGER_REPLACED when the
 * lines are not those that were verified.
 */
export async function* importedEntries(
  source: ImportSource,
  importedAt: string,
): AsyncGenerator<ImportedEntryRecord, void, undefined> {
  const { findings, path } = source;
  let [line, sourceId, lastHash] = [0, "", ""];
  for await (const pythonLine of pythonLinesOf(path)) {
    // What was added since it was verified is not.
    if (isVerified(findings) && line >= findings.entries) return;
    line += 1;
    const original = textOf(pythonLine, source, line);
    if (line === 1) sourceId = hash("sha256", original);
    const entry = readPythonEntry(pythonLine.bytes);
    if (line <= findings.entries && !goesOnFrom(lastHash, entry)) throw changedMeanwhile(source);
    lastHash = typeof entry === "string" ? "" : entry.entryHash;
    yield buildImportedEntryRecord({
      imported_at: importedAt,
      source_id: sourceId,
      line,
      original_line: original,
      original_line_sha256: hash("sha256", original),
      entry_hash: typeof entry === "string" ? null : entry.entryHash,
      verified_with: line <= findings.entries && findings.trust === "key" ? findings.signedBy : null,
      problem: problemOf(line, entry, findings),
    });
  }
}

function goesOnFrom(lastHash: string, entry: PythonEntry | string): boolean {
  return typeof entry !== "string" && (entry.prevHash ?? "") === lastHash;
}

function problemOf(line: number, entry: PythonEntry | string, { firstBadLine }: PythonVerification): string | null {
  if (firstBadLine?.line === line) return firstBadLine.reason;
  return typeof entry === "string" ? entry : null;
}

function textOf({ bytes }: PythonLine, { name }: ImportSource, line: number): string {
  const text = bytes.toString("utf8");
  if (Buffer.from(text).equals(bytes)) return text;
  throw new CarbonOpsError(
    "RECORD_INVALID",
    `Line ${line} of ${name} is not UTF-8, so no record can hold it; cut the ledger before it, and keep the original file.`,
  );
}

function changedMeanwhile({ name }: ImportSource): CarbonOpsError {
  return new CarbonOpsError("LEDGER_REPLACED", `${name} was changed while it was imported; import it again.`);
}
