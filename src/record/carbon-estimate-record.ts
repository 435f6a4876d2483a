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

export const carbonEstimateRecordSchema = z
  .strictObject({
    kind: z.literal("carbon_estimate"),
    schema_version: z.enum(estimateSchemaVersions).meta({
      description:
        "1.1.0 added energy.gpu; in a record of 1.0.0 the energy of GPUs is in no figure. 1.2.0 added embodied carbon, provenance of the intensity, monte_carlo, and inputs, without which an estimate cannot be settled.",
    }),
    status: z
      .enum(["provisional", "settled"])
      .meta({ description: "Provisional: a better intensity may become known, and a restatement may follow." }),
    ...recorderFields,
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
const recorderSchema = z.strictObject(recorderFields);

/** An estimate as `carbon/` returns it. */
type EstimateToRecord = CamelCased<z.infer<typeof estimateSchema>>;

/** Everything beside the estimate; what is left out is not known, or does not apply. */
export interface CarbonEstimateRecordInput extends Partial<CamelCased<z.infer<typeof recorderSchema>>> {
  readonly type: CarbonEstimateRecord["type"];
  readonly estimate: EstimateToRecord;
  readonly labels?: Readonly<Record<string, string>> | undefined;
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
  const { estimate, labels: userLabels = {} } = input;
  const fields: SnakeJson = toSnakeCase({
    ...estimate,
    kind: "carbon_estimate",
    schemaVersion: "1.2.0",
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
  newer.set("schema_version", "1.2.0").set("status", statusOf(estimate));
  return parseWith(carbonEstimateRecordSchema, Object.fromEntries(newer));
}
