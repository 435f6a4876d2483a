import { z } from "zod";
import { CarbonOpsError } from "../errors.ts";
import { type CarbonEstimateRecord, carbonEstimateRecordSchema } from "./carbon-estimate-record.ts";
import { count, envelopeFields, firstSchemaVersion, isoTime, nonNegative, words } from "./fields.ts";
import { parseWith } from "./parse.ts";

/** Where a record stands in its ledger: its number, and the hash that its line has in chain and tree. */
const place = z.strictObject({
  seq: count,
  line_hash: z.string().regex(/^[0-9a-f]{64}$/),
});

const value = z.strictObject({
  grams: nonNegative,
  standard_uncertainty_grams: nonNegative,
  intensity_g_per_kwh: nonNegative,
  marginal_grams: nonNegative.nullable(),
});

/** What an estimate is now known to be: the first record stays as it was written. */
export const restatementRecordSchema = z
  .strictObject({
    kind: z.literal("restatement"),
    schema_version: z.literal(firstSchemaVersion),
    created_at: isoTime,
    restates: place.meta({ description: "The first record of the estimate, whichever restatement this is." }),
    replaces: place.meta({ description: "The record that counted until now: the first one, or its last restatement." }),
    reason: words,
    old: value,
    new: value,
    difference_grams: z.number().meta({ description: "New less old." }),
    record: carbonEstimateRecordSchema.meta({ description: "The whole estimate as it counts from now on." }),
    ...envelopeFields,
  })
  .meta({
    title: "restatement",
    description: "A newer value of an estimate that stands in the same ledger; totals count the latest alone.",
  });

export type RestatementRecord = z.infer<typeof restatementRecordSchema>;

export interface RecordPlace {
  readonly seq: number;
  /** 64 hexadecimal digits. */
  readonly lineHash: string;
}

export interface RestatementInput {
  readonly createdAt: string;
  readonly restates: RecordPlace;
  /** Default: the first record itself. */
  readonly replaces?: RecordPlace | undefined;
  /** Why, in words: "electricity-maps revised 3 of 4 hours". */
  readonly reason: string;
  /** The estimate that counted until now. */
  readonly previous: CarbonEstimateRecord;
  readonly restated: CarbonEstimateRecord;
}

/**
 * Throws RECORD_INVALID when a part does not fit, or when the two estimates are not of the same energy, span and kind of intensity:
 * then one is no newer value of the other.
 */
export function buildRestatementRecord(input: RestatementInput): RestatementRecord {
  const { previous, restated, restates, replaces = restates } = input;
  const differing = differingMember(previous, restated);
  if (differing !== null) {
    throw new CarbonOpsError(
      "RECORD_INVALID",
      `The restated estimate has another ${differing} than the record that it replaces, so it is of something else; restate the same task.`,
    );
  }
  return parseWith(restatementRecordSchema, {
    kind: "restatement",
    schema_version: firstSchemaVersion,
    created_at: input.createdAt,
    restates: { seq: restates.seq, line_hash: restates.lineHash },
    replaces: { seq: replaces.seq, line_hash: replaces.lineHash },
    reason: input.reason,
    old: stateOf(previous),
    new: stateOf(restated),
    difference_grams: restated.grams - previous.grams,
    record: restated,
  });
}

function stateOf(record: CarbonEstimateRecord): z.infer<typeof value> {
  return {
    grams: record.grams,
    standard_uncertainty_grams: record.standard_uncertainty_grams,
    intensity_g_per_kwh: record.intensity_g_per_kwh,
    marginal_grams: record.marginal?.grams ?? null,
  };
}

function differingMember(previous: CarbonEstimateRecord, restated: CarbonEstimateRecord): string | null {
  const same = ["type", "host", "name", "start_ts", "end_ts", "energy_wh_stated", "region"] as const;
  const member = same.find((name) => previous[name] !== restated[name]);
  if (member !== undefined) return member;
  return previous.intensity.kind === restated.intensity.kind ? null : "kind of intensity";
}
