import type { EnergyBoundary, Provenance } from "../energy/source.ts";
import type { IntensityBasis, IntensityKind, IntensityScope } from "../intensity/intensity.ts";
import type { MissingPolicy } from "./buckets.ts";
import type { EmbodiedFigures } from "./embodied.ts";
import type { EstimationMethod, QualityFlag } from "./estimate.ts";
import type { Pue } from "./pue.ts";
import type { WallFactor } from "./wall-factor.ts";

/** Of an estimate's record, what making it again needs; names as they stand in records, optional where older records lack them. */
export interface RecordedEstimate extends RecordedFigures {
  readonly region: string;
  readonly datacenter_type: string;
  readonly quality_flag: QualityFlag;
  readonly start_ts: string | null;
  readonly end_ts: string | null;
  readonly marginal: RecordedFigures | null;
  readonly embodied?: RecordedEmbodied;
  readonly sci?: { readonly functional_unit: string | null; readonly functional_unit_count: number | null };
  readonly inputs?: RecordedInputs;
}

/** Grams by one kind of intensity. */
export interface RecordedFigures {
  readonly grams: number;
  readonly interval: { readonly level: number };
  readonly method: EstimationMethod;
  readonly sampling?: { readonly seed: number } | null;
  readonly intensity_g_per_kwh: number;
  readonly intensity: RecordedIntensity;
  readonly budget: readonly RecordedRow[];
}

export interface RecordedIntensity {
  readonly kind: IntensityKind;
  readonly scope: IntensityScope;
  readonly basis: IntensityBasis;
  readonly year: number | null;
  readonly period: string;
  readonly source: string;
  readonly licence: string;
  readonly is_estimated: boolean;
  readonly retrieved_at: string | null;
  readonly zone: string;
  readonly zone_name: string;
  readonly mapping: string;
  readonly is_provisional?: boolean;
  readonly provider_id?: string;
  readonly provider_version?: string;
  readonly provider_zone?: string;
  readonly endpoint?: string | null;
  readonly body_sha256?: string | null;
  readonly cache?: "none" | "hit" | "miss";
  readonly cache_age_seconds?: number | null;
  readonly period_seconds?: number | null;
  readonly autocorrelation_per_hour?: number;
  readonly missing_policy?: MissingPolicy;
  readonly coverage_pct?: number;
  readonly dropped_energy_wh?: number;
  readonly bucket_count?: number;
  readonly buckets?: readonly RecordedBucket[];
}

export interface RecordedBucket {
  readonly start_ts: string;
  readonly end_ts: string;
  readonly grams_per_kwh: number | null;
  readonly energy_share: number;
  readonly estimation: string;
}

interface RecordedRow {
  readonly source_id: string;
  readonly quantity: string;
  readonly estimate: number;
  readonly standard_uncertainty: number;
  readonly scope: string;
  readonly citation: string;
}

interface RecordedEmbodied {
  readonly status: EmbodiedFigures["status"];
  readonly grams: number | null;
  readonly standard_uncertainty_grams: number | null;
  readonly manufacturing_kg: number | null;
  readonly lifetime_years: number | null;
  readonly resource_share: number | null;
  readonly reserved_seconds: number | null;
  readonly device: string | null;
  readonly citation: string | null;
  readonly missing: string | null;
}

export interface RecordedInputs {
  readonly energy: RecordedPart & {
    readonly idle: { readonly standard_uncertainty_wh: number; readonly source_id: string } | null;
    readonly boundary: EnergyBoundary | null;
    readonly host: string | null;
    readonly gpu: RecordedPart | null;
  };
  readonly looked_up: { readonly start_ts: string; readonly end_ts: string } | null;
  readonly energy_by_time: readonly (readonly [fromMs: number, toMs: number, energyWh: number])[] | null;
  readonly wall_factor: RecordedValue & { readonly origin: WallFactor["origin"] };
  readonly gpu_wall_factor: RecordedValue & { readonly origin: WallFactor["origin"] };
  readonly pue: RecordedValue & { readonly origin: Pue["origin"]; readonly degrees_of_freedom: number | null };
  readonly embodied: readonly (RecordedValue & { readonly quantity: string; readonly unit: string })[];
  readonly region_was_named: boolean;
  readonly trials: number | null;
}

export interface RecordedPart {
  readonly mean_wh: number;
  readonly additive_wh: number;
  readonly gain_ln_sigma: number;
  readonly gain_source_id: string;
  readonly gain_citation: string;
  readonly share_ln_sigma: number;
  readonly provenance: Provenance;
}

export interface RecordedValue {
  readonly mean: number;
  readonly standard_uncertainty: number;
  readonly source_id: string;
  readonly scope: string;
  readonly citation: string;
}
