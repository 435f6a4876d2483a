import { z } from "zod";
import { count, isoTime, nonNegative, words } from "./fields.ts";

/** What an estimate was made of beside the intensities: a settlement makes it again from these, with nothing else changed. */

const partFields = {
  mean_wh: z.number(),
  additive_wh: nonNegative,
  gain_ln_sigma: nonNegative,
  gain_source_id: words,
  gain_citation: words,
  share_ln_sigma: nonNegative,
  provenance: z.enum(["measured", "estimated"]),
};

const energy = z.strictObject({
  ...partFields,
  idle: z.strictObject({ standard_uncertainty_wh: nonNegative, source_id: words }).nullable(),
  boundary: z.enum(["package_and_dram", "server_wall"]).nullable(),
  host: words.nullable(),
  gpu: z.strictObject(partFields).nullable(),
});

const valueFields = {
  mean: nonNegative,
  standard_uncertainty: nonNegative,
  source_id: words,
  scope: words,
  citation: words,
};

const wallFactor = z.strictObject({
  ...valueFields,
  origin: z.enum(["plug", "unnecessary", "unknown_boundary", "stated", "assumed"]),
});

export const inputFields = z
  .strictObject({
    energy: energy.meta({ description: "As it was handed in, with its errors." }),
    looked_up: z
      .strictObject({ start_ts: isoTime, end_ts: isoTime })
      .nullable()
      .meta({ description: "The times that intensities were asked for; null where nothing was known of them." }),
    energy_by_time: z
      .array(z.tuple([nonNegative, nonNegative, nonNegative]))
      .nullable()
      .meta({
        description:
          "When the energy was used: begin and end in milliseconds from looked_up.start_ts, and watt-hours; null: evenly. At most 96 parts.",
      }),
    wall_factor: wallFactor,
    gpu_wall_factor: wallFactor,
    pue: z.strictObject({
      ...valueFields,
      origin: z.enum(["stated", "profile", "site", "assumed"]),
      degrees_of_freedom: z.number().gt(0).nullable(),
    }),
    embodied: z.array(z.strictObject({ ...valueFields, quantity: words, unit: words })),
    region_was_named: z.boolean(),
    trials: count
      .nullable()
      .meta({ description: "Trials of monte_carlo that were asked for; null: as many as two digits took." }),
  })
  .meta({ description: "What the estimate was made of beside the intensities, so that it can be made again." });
