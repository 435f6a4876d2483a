import { z } from "zod";
import { count, isoTime, nonNegative, ratio, words } from "./fields.ts";

/** Grams by one kind of intensity, with interval, provenance and budget: written twice where a marginal rate is known. */

const interval = z
  .strictObject({
    lower_grams: nonNegative,
    upper_grams: nonNegative,
    level: z.number().gt(0).lt(1),
    kind: z.enum(["equal_tailed", "upper_limit"]),
  })
  .meta({ description: "Interval that holds the grams with probability `level`." });

const bucket = z.strictObject({
  start_ts: isoTime,
  end_ts: isoTime,
  grams_per_kwh: nonNegative.nullable().meta({ description: "Null where the energy was dropped." }),
  energy_share: ratio.meta({ description: "Share of the span's energy." }),
  estimation: words.meta({ description: '"observed", or how the value was estimated.' }),
});

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
    is_provisional: z.boolean().exactOptional().meta({ description: "Whether its publisher may still revise it." }),
    provider_id: words.exactOptional(),
    provider_version: words.exactOptional(),
    provider_zone: words.exactOptional().meta({ description: "The provider's own key of the zone." }),
    endpoint: words.nullable().exactOptional().meta({ description: "What was asked, without credentials." }),
    body_sha256: words.nullable().exactOptional().meta({ description: "SHA-256 of the answer's bytes." }),
    cache: z.enum(["none", "hit", "miss"]).exactOptional(),
    cache_age_seconds: nonNegative.nullable().exactOptional(),
    period_seconds: nonNegative.nullable().exactOptional(),
    autocorrelation_per_hour: ratio
      .exactOptional()
      .meta({ description: "Correlation of the periods' own errors over one hour." }),
    missing_policy: z.enum(["step", "drop"]).exactOptional(),
    coverage_pct: z.number().min(0).max(100).exactOptional(),
    dropped_energy_wh: nonNegative.exactOptional().meta({ description: "Energy that is in no gram." }),
    bucket_count: count.exactOptional(),
    buckets: z
      .array(bucket)
      .exactOptional()
      .meta({ description: "The values in order of time; neighbours are merged where there are more than 96." }),
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
  type: z.enum(["A", "B"]).exactOptional().meta({ description: "JCGM 100, 4.2 and 4.3." }),
  degrees_of_freedom: z.number().gt(0).nullable().exactOptional().meta({ description: "Null: taken as infinite." }),
  scope: words.meta({ description: "What the error is the same over." }),
  citation: words,
});

export const gramsFields = {
  grams: nonNegative.meta({
    description:
      "Mean, in grams of CO2e (of CO2 for a marginal rate), the hardware's part included where it is declared.",
  }),
  operational_grams: nonNegative.exactOptional().meta({ description: "The part that electricity caused." }),
  standard_uncertainty_grams: nonNegative,
  uncertainty_pct: nonNegative.nullable().meta({ description: "Standard uncertainty in per cent of the mean." }),
  median_grams: nonNegative,
  interval,
  method: z.enum(["analytical_truncated", "monte_carlo"]),
  sampling: z
    .strictObject({ trials: count, seed: count, sampler: words, is_stable: z.boolean() })
    .nullable()
    .exactOptional()
    .meta({ description: "How monte_carlo was run; null for the other method." }),
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
