import { z } from "zod";
import { nonNegative, ratio, words } from "./fields.ts";

/** Members of an estimate beside its grams: hardware, score, taxonomy, and who was asked for the intensity. */

export const embodiedFields = z
  .strictObject({
    status: z.enum(["declared", "not_declared"]),
    grams: nonNegative.nullable().meta({ description: "Null: not declared, which is not 0." }),
    standard_uncertainty_grams: nonNegative.nullable(),
    manufacturing_kg: nonNegative.nullable(),
    lifetime_years: nonNegative.nullable(),
    resource_share: ratio.nullable().meta({ description: "Reserved part of the hardware." }),
    reserved_seconds: nonNegative.nullable(),
    device: words.nullable(),
    citation: words.nullable(),
    missing: words.nullable().meta({ description: "What is not known; null where everything is." }),
  })
  .meta({ description: "The hardware's part, M = TE x TS x RS; the same for both kinds of intensity." });

export const sciFields = z
  .strictObject({
    status: z.enum(["stated", "no_functional_unit", "embodied_not_declared", "no_average_intensity"]),
    standard: z.literal("ISO/IEC 21031:2024"),
    score: nonNegative.nullable().meta({ description: "Grams of CO2e per functional unit." }),
    lower: nonNegative.nullable(),
    upper: nonNegative.nullable(),
    functional_unit: words.nullable(),
    functional_unit_count: nonNegative.nullable(),
    operational_grams: nonNegative.nullable(),
    embodied_grams: nonNegative.nullable(),
    intensity_kind: z.enum(["average", "marginal"]).nullable(),
  })
  .meta({ description: "Software Carbon Intensity: location-based average, no offsets." });

export const taxonomyFields = z
  .strictObject({
    theta_fraction: ratio.meta({ description: "Embodied over total grams." }),
    theta_regime: z.enum(["operational_dominated", "marginal", "embodied_dominated"]),
    optimization_viable: z.boolean(),
  })
  .meta({ description: "The Python original's figures; null where embodied carbon is not declared." });

export const attemptFields = z.strictObject({
  provider_id: words,
  kind: z.enum(["average", "marginal"]),
  outcome: z.enum(["answered", "failed", "not_asked"]),
  code: words.nullable(),
  reason: words.nullable(),
});
