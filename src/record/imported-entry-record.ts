import { z } from "zod";
import { envelopeFields, firstSchemaVersion, isoTime, words } from "./fields.ts";
import { parseWith } from "./parse.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One line of a ledger in another format, as it stood there. */
export const importedEntryRecordSchema = z
  .strictObject({
    kind: z.literal("imported_entry"),
    schema_version: z.literal(firstSchemaVersion),
    imported_at: isoTime,
    format: z.literal("carbon-ops-python-0.1").meta({ description: "Whose rules the line follows." }),
    source_id: sha256.meta({ description: "SHA-256 of the first line of the ledger that it comes from." }),
    line: z.int().min(1).meta({ description: "Place in that ledger, from 1." }),
    original_line: z.string().meta({ description: "The line without its line feed, byte by byte." }),
    original_line_sha256: sha256,
    entry_hash: sha256.nullable().meta({
      description: "Its hash by the rules of its format: the next line's prev_hash. Null where it is no entry.",
    }),
    verified_with: sha256.nullable().meta({
      description:
        "Ed25519 public key, in hex, under which it and all lines before it verified; null when they did not.",
    }),
    problem: words.nullable().meta({ description: "What was wrong with it when it was imported." }),
    ...envelopeFields,
  })
  .meta({
    title: "imported_entry",
    description:
      "A line of an older ledger, carried over: its figures are in no total, since their uncertainty is not known.",
  });

export type ImportedEntryRecord = z.infer<typeof importedEntryRecordSchema>;

export type ImportedEntryInput = Omit<ImportedEntryRecord, "kind" | "schema_version" | "format">;

/** Throws RECORD_INVALID when a member is out of its range. */
export function buildImportedEntryRecord(input: ImportedEntryInput): ImportedEntryRecord {
  return parseWith(importedEntryRecordSchema, {
    kind: "imported_entry",
    schema_version: firstSchemaVersion,
    format: "carbon-ops-python-0.1",
    ...input,
  });
}
