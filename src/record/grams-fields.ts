import { z } from "zod";
import { isoTime, nonNegative, ratio, words } from "./fields.ts";

/** Grams by one kind of intensity, with interval, provenance and budget: written twice where a marginal rate is known. */

const interval = z
  .strictObject({
    lower_grams: nonNegative,
    upper_grams: nonNegative,
    level: z.number().gt(0).lt(1),
    kind: z.enum(["equal_tailed", "upper_limit"]),
  })
  .meta({ description: "Interval that holds the grams with probability `level`." });

const intensity = z
  .strictObject({
    kind: z.enum(["average", "marginal"]),
    scope: z.enum(["lifecycle", "direct"]),
    basis: z.enum(["consumption", "production"]),
    year: z.int().nullable(),
    period: words,
    source: words,
    licence: words,
    is_estimated: z.boolean(),
    retrieved_at: isoTime.nullable(),
    zone: words,
    zone_name: words,
    mapping: words.meta({ description: "How the region became this zone." }),
  })
  .meta({ description: "Which carbon intensity was used, and what it is." });

const budgetRow = z.strictObject({
  source_id: words.meta({ description: "What the error is shared with: equal ids mean the same error." }),
  quantity: words,
  estimate: z.number(),
  unit: words,
  distribution: z.enum(["truncated_normal", "lognormal", "shifted_lognormal", "exact"]),
  ln_sigma: nonNegative.nullable(),
  standard_uncertainty: nonNegative.meta({ description: "In the unit of this row." }),
  share_of_variance: ratio,
  scope: words.meta({ description: "What the error is the same over." }),
  citation: words,
});

export const gramsFields = {
  grams: nonNegative.meta({ description: "Mean, in grams of CO2e (of CO2 for a marginal rate)." }),
  standard_uncertainty_grams: nonNegative,
  uncertainty_pct: nonNegative.nullable().meta({ description: "Standard uncertainty in per cent of the mean." }),
  median_grams: nonNegative,
  interval,
  method: z.enum(["analytical_truncated"]),
  intensity_g_per_kwh: nonNegative,
  intensity,
  budget: z.array(budgetRow),
  components: z.record(words, z.number()).meta({
    description: "Signed standard uncertainty in grams per error source; equal ids add linearly over records.",
  }),
  private_uncertainty_grams: nonNegative.meta({
    description: "Standard uncertainty in grams that no other record shares.",
  }),
};
