import type { IntensityBasis } from "./intensity.ts";

/** Where the packaged annual averages come from. All of them are life-cycle averages. */
export type AnnualDataset = "ember-2022" | "ember-2023" | "ember-2024" | "electricity-maps-2025";

export interface DatasetDescription {
  readonly provider: "ember" | "electricity-maps";
  readonly year: number;
  readonly source: string;
  readonly licence: string;
  readonly basis: IntensityBasis;
}

const ember = {
  provider: "ember",
  source: "Ember, Yearly Electricity Data",
  licence: "CC BY 4.0",
  basis: "production",
} as const;

export const datasets: Readonly<Record<AnnualDataset, DatasetDescription>> = {
  "ember-2022": { ...ember, year: 2022 },
  "ember-2023": { ...ember, year: 2023 },
  "ember-2024": { ...ember, year: 2024 },
  "electricity-maps-2025": {
    provider: "electricity-maps",
    year: 2025,
    source: "Electricity Maps, annual data",
    licence: "ODbL 1.0",
    basis: "consumption",
  },
};
