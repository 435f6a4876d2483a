import { z } from "zod";

/** The members of `compare --json` that tests look at; more may be there. */
const comparisonJson = z.looseObject({
  round_count: z.number(),
  wanted_rounds: z.number(),
  cut_short: z.string().nullable(),
  correction: z.string(),
  basis: z.string(),
  notes: z.array(z.string()),
  seed: z.number(),
  detect: z.looseObject({ pilot_rounds: z.number(), announced_rounds: z.number() }).nullable(),
  commands: z.array(
    z.looseObject({
      label: z.string(),
      command: z.string(),
      mean_wh: z.number(),
      energy_wh: z.array(z.number()),
      outliers: z.array(z.looseObject({ round: z.number(), ratio_to_median: z.number() })),
      carbon: z.looseObject({ grams: z.number() }).nullable(),
    }),
  ),
  pairs: z.array(
    z.looseObject({
      command: z.string(),
      reference: z.string(),
      ratio: z.number(),
      lower: z.number(),
      upper: z.number(),
      p_value: z.number(),
      adjusted_p_value: z.number(),
      is_real: z.boolean(),
      without_outliers: z.looseObject({ ratio: z.number(), rounds: z.number() }).nullable(),
    }),
  ),
  gate: z.array(z.looseObject({ command: z.string(), is_worse: z.boolean(), may_be_worse: z.boolean() })),
});

export type ComparisonJson = z.infer<typeof comparisonJson>;

export function parseComparison(json: string): ComparisonJson {
  return comparisonJson.parse(JSON.parse(json));
}
