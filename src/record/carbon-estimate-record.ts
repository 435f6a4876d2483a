import { z } from "zod";
import { type SnakeJson, toSnakeCase } from "../snake-case.ts";
import type { CamelCased } from "./camel-case.ts";
import { attemptFields, embodiedFields, sciFields, taxonomyFields } from "./disclosure-fields.ts";
import { cpuFields, energyFields, gpuFields, memoryFields } from "./energy-fields.ts";
import { count, envelopeFields, estimateSchemaVersions, isoTime, labels, nonNegative, ratio, words } from "./fields.ts";
import { gramsFields } from "./grams-fields.ts";
import { inputFields } from "./input-fields.ts";
import { parseWith } from "./parse.ts";

/** The members that come from a carbon estimate. */
const estimateFields = {
  ...gramsFields,
  energy_wh: nonNegative.meta({ description: "Energy before wall factor and PUE: the host's part and that of GPUs." }),
  energy_kwh: nonNegative,
  energy_wh_stated: z.number().meta({ description: "Best value as measured, before values below zero were excluded." }),
  energy_mass_below_zero: ratio,
  total_energy_with_pue_kwh: nonNegative,
  pue_used: z.number().min(1),
  wall_factor_used: z.number().min(1),
  datacenter_type: words,
  region: words,
  source: words,
  quality_flag: z.enum(["measured", "estimated", "fallback"]),
  coverage_pct: z.number().min(0).max(100),
  start_ts: isoTime.nullable(),
  end_ts: isoTime.nullable(),
  conversion_version: words,
  provider_version: words,
  marginal: z
    .strictObject(gramsFields)
    .nullable()
    .meta({ description: "The same energy with the marginal intensity: another quantity, never to be added." }),
  notes: z.array(words),
  energy_standard_uncertainty_wh: nonNegative
    .exactOptional()
    .meta({ description: "Of energy_wh_stated, of all its errors, before values below zero were excluded." }),
  embodied: embodiedFields.exactOptional(),
  sci: sciFields.exactOptional(),
  taxonomy: taxonomyFields.nullable().exactOptional(),
  attempts: z
    .array(attemptFields)
    .exactOptional()
    .meta({ description: "Which providers were asked, and what came of it." }),
  inputs: inputFields.exactOptional(),
};

/** The members that come from the one who records. */
const recorderFields = {
  type: z.enum(["run", "span", "estimate"]).meta({ description: "A command, a task of a service, or a calculation." }),
  name: words.nullable(),
  host: words.nullable().meta({ description: "Name of the host that was measured; null for a calculation." }),
  duration_seconds: nonNegative.nullable().meta({ description: "By the monotonic clock." }),
  energy: energyFields.nullable().meta({ description: "What was measured; null for a calculation." }),
  cpu: cpuFields.nullable(),
  memory: memoryFields.nullable(),
  gpus: z.array(gpuFields),
  command: z
    .strictObject({
      exit_status: z.int().min(0).max(255),
      signal: words.nullable(),
      processes_left_running: count,
    })
    .nullable()
    .meta({ description: "How the command ended; null where there was none." }),
};

/** What 1.3.0 added. */
const serviceFields = {
  process_part: z
    .enum(["task", "outside_tasks", "other_threads"])
    .exactOptional()
    .meta({ description: "Which part of a service's process it is: a name of its tasks, or what was no task's." }),
  calls: z
    .strictObject({
      started: nonNegative.meta({
        description:
          "Calls that started in the span; where they are sampled, the number that the watched ones stand for.",
      }),
      watched: nonNegative,
      completed: nonNegative,
      failed: nonNegative,
      cancelled: nonNegative,
      duration_seconds: nonNegative.meta({ description: "Sum over the calls that ended in the span." }),
      cpu_seconds: z.number().meta({ description: "Signed: below 0, by chance, where few calls are sampled." }),
    })
    .exactOptional()
    .meta({ description: "The calls that the record stands for." }),
  record_id: words.max(128).exactOptional().meta({ description: "Of a record that others may be a part of." }),
  part_of: words.max(128).exactOptional().meta({
    description:
      "The record_id of a record that holds this one's energy too: where that follows in the ledger, this one is in no total.",
  }),
};

export const carbonEstimateRecordSchema = z
  .strictObject({
    kind: z.literal("carbon_estimate"),
    schema_version: z.enum(estimateSchemaVersions).meta({
      description:
        "1.1.0 added energy.gpu; in a record of 1.0.0 the energy of GPUs is in no figure. 1.2.0 added embodied carbon, provenance of the intensity, monte_carlo, and inputs, without which an estimate cannot be settled. 1.3.0 added process_part, calls, record_id and part_of.",
    }),
    status: z
      .enum(["provisional", "settled"])
      .meta({ description: "Provisional: a better intensity may become known, and a restatement may follow." }),
    ...recorderFields,
    ...serviceFields,
    labels,
    ...estimateFields,
    ...envelopeFields,
  })
  .meta({
    title: "carbon_estimate",
    description: "What a task or a calculation caused in grams of CO2e, and what that rests on.",
  });

export type CarbonEstimateRecord = z.infer<typeof carbonEstimateRecordSchema>;

const estimateSchema = z.strictObject(estimateFields);
const recorderSchema = z.strictObject({ ...recorderFields, ...serviceFields });

/** An estimate as `carbon/` returns it. */
type EstimateToRecord = CamelCased<z.infer<typeof estimateSchema>>;

/** Everything beside the estimate; what is left out is not known, or does not apply. */
export interface CarbonEstimateRecordInput extends Partial<CamelCased<z.infer<typeof recorderSchema>>> {
  readonly type: CarbonEstimateRecord["type"];
  readonly estimate: EstimateToRecord;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** The oldest version that has all members of the record: older readers must refuse a newer one. */
function versionOf(serviceMembers: readonly unknown[]): CarbonEstimateRecord["schema_version"] {
  return serviceMembers.some((member) => member !== undefined) ? "1.3.0" : "1.2.0";
}

function statusOf({ intensity }: EstimateToRecord): string {
  const { isEstimated, isProvisional = false, coveragePct = 100 } = intensity;
  return isEstimated || isProvisional || coveragePct < 100 ? "provisional" : "settled";
}

/**
 * The record of an estimate, ready for the ledger. It stays provisional while its intensity is not an observation of the whole span
 * itself, or may still be revised. Throws RECORD_INVALID when a number is not finite or outside its range.
 */
export function buildCarbonEstimateRecord(input: CarbonEstimateRecordInput): CarbonEstimateRecord {
  const { estimate, labels: userLabels = {}, processPart, calls, recordId, partOf } = input;
  const fields: SnakeJson = toSnakeCase({
    ...estimate,
    kind: "carbon_estimate",
    schemaVersion: versionOf([processPart, calls, recordId, partOf]),
    processPart,
    calls,
    recordId,
    partOf,
    status: statusOf(estimate),
    type: input.type,
    name: input.name ?? null,
    host: input.host ?? null,
    durationSeconds: input.durationSeconds ?? null,
    labels: new Map(Object.entries(userLabels)),
    energy: input.energy ?? null,
    cpu: input.cpu ?? null,
    memory: input.memory ?? null,
    gpus: input.gpus ?? [],
    command: input.command ?? null,
  });
  return parseWith(carbonEstimateRecordSchema, fields);
}

/** The same task's record with a newer estimate; whatever was measured stays as it was recorded. Throws RECORD_INVALID. */
export function restatedEstimateRecord(
  previous: CarbonEstimateRecord,
  estimate: EstimateToRecord,
): CarbonEstimateRecord {
  const newer = new Map<string, unknown>([...Object.entries(previous), ...Object.entries(toSnakeCase(estimate) ?? {})]);
  newer
    .set("schema_version", versionOf(Object.keys(serviceFields).map((name) => newer.get(name))))
    .set("status", statusOf(estimate));
  return parseWith(carbonEstimateRecordSchema, Object.fromEntries(newer));
}
