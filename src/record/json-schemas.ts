import { z } from "zod";
import { carbonEstimateRecordSchema } from "./carbon-estimate-record.ts";
import { importedEntryRecordSchema } from "./imported-entry-record.ts";
import { noteRecordSchema } from "./note-record.ts";
import { restatementRecordSchema } from "./restatement-record.ts";

/** JSON Schema (draft 2020-12) of every record, by file name: generated from the validators, so that the two cannot differ. */
export function recordJsonSchemas(): ReadonlyMap<string, object> {
  return new Map<string, object>([
    ["carbon-estimate.schema.json", z.toJSONSchema(carbonEstimateRecordSchema)],
    ["imported-entry.schema.json", z.toJSONSchema(importedEntryRecordSchema)],
    ["note.schema.json", z.toJSONSchema(noteRecordSchema)],
    ["restatement.schema.json", z.toJSONSchema(restatementRecordSchema)],
  ]);
}
