import { z } from "zod";
import { count, envelopeFields, firstSchemaVersion, isoTime, labels, words } from "./fields.ts";
import { parseWith } from "./parse.ts";

/** A remark about the ledger or about one of its records: by a person, or by carbon-ops on what it could not write. */
export const noteRecordSchema = z
  .strictObject({
    kind: z.literal("note"),
    schema_version: z.literal(firstSchemaVersion),
    created_at: isoTime,
    text: words,
    about_seq: count
      .nullable()
      .meta({ description: "Number of the record that the note is about; null for the ledger." }),
    labels,
    ...envelopeFields,
  })
  .meta({ title: "note", description: "A remark by a person, or by carbon-ops on what it could not write." });

export type NoteRecord = z.infer<typeof noteRecordSchema>;

/** A note about the ledger as a whole. Throws RECORD_INVALID when the text is empty. */
export function buildNoteRecord(text: string, createdAt: string): NoteRecord {
  const note = {
    kind: "note",
    schema_version: firstSchemaVersion,
    created_at: createdAt,
    text,
    about_seq: null,
    labels: {},
  };
  return parseWith(noteRecordSchema, note);
}
