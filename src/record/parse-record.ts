import { z } from "zod";
import { CarbonOpsError } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { type CarbonEstimateRecord, carbonEstimateRecordSchema } from "./carbon-estimate-record.ts";
import { type ImportedEntryRecord, importedEntryRecordSchema } from "./imported-entry-record.ts";
import { type NoteRecord, noteRecordSchema } from "./note-record.ts";
import { parseWith } from "./parse.ts";
import { type RestatementRecord, restatementRecordSchema } from "./restatement-record.ts";

export type LedgerRecord = CarbonEstimateRecord | ImportedEntryRecord | NoteRecord | RestatementRecord;

const recordKinds = ["carbon_estimate", "imported_entry", "note", "restatement"] as const;

/** Whether records of this kind have a schema here. */
export function isRecordKind(kind: unknown): boolean {
  return recordKinds.some((known) => known === kind);
}

const withKind = z.looseObject({ kind: z.string() });

/** A record of a known kind. Throws RECORD_INVALID with the path of the first misfit and what is allowed there. */
export function parseRecord(value: unknown): LedgerRecord {
  const { kind } = parseWith(withKind, value);
  switch (kind) {
    case "carbon_estimate":
      return parseWith(carbonEstimateRecordSchema, value);
    case "imported_entry":
      return parseWith(importedEntryRecordSchema, value);
    case "note":
      return parseWith(noteRecordSchema, value);
    case "restatement":
      return parseWith(restatementRecordSchema, value);
    default:
      throw unknownKind(kind);
  }
}

function unknownKind(kind: string): CarbonOpsError {
  const suggestion = nearest(kind, recordKinds);
  const hint = suggestion === null ? `known kinds are ${listed(recordKinds)}.` : `did you mean ${suggestion}?`;
  return new CarbonOpsError("RECORD_INVALID", `The record's kind is "${kind}", which has no schema; ${hint}`);
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
