import type { AggregateGroup } from "../carbon/aggregate.ts";
import type { CarbonEquivalent } from "../carbon/equivalents.ts";
import type { IntensityKind } from "../intensity/intensity.ts";
import type { VerificationReport } from "./ledger-findings.ts";

/** What `carbon-ops report` shows of a ledger, the same for the terminal, for HTML and for programs. */
export interface LedgerReport {
  readonly title: string;
  /** The ledger as the user named it. */
  readonly path: string;
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  /** What was asked for, in words; empty for the whole ledger. */
  readonly filters: readonly string[];
  readonly verification: VerificationReport;
  /** Which grams the tables and charts are of: average, unless no record has them. */
  readonly kind: IntensityKind;
  /** Null where there is no estimate. */
  readonly total: AggregateGroup | null;
  readonly energyUncertainty: EnergyUncertaintyBounds;
  /** From the first start to the last end that records name; null where none does. */
  readonly span: { readonly startTs: string; readonly endTs: string } | null;
  /** Null where no record says when it began. */
  readonly time: TimeSeries | null;
  readonly breakdowns: readonly Breakdown[];
  /** Names of labels that have no table, because others are on more records. */
  readonly otherLabelNames: readonly string[];
  readonly uncertainty: readonly UncertaintyShare[];
  readonly quality: DataQuality;
  readonly equivalents: readonly CarbonEquivalent[];
  readonly method: MethodUsed;
  readonly leftOut: LeftOut;
}

/**
 * Standard uncertainty of the energy, in watt-hours. Records name what the errors of their grams are shared with, and of their energy only
 * the size: so it lies between no error shared and all of them shared.
 */
export interface EnergyUncertaintyBounds {
  readonly noneSharedWh: number;
  readonly allSharedWh: number;
  /** Records that state it. */
  readonly recordCount: number;
}

export type PeriodUnit = "hour" | "day" | "week" | "month" | "year";

export interface TimeSeries {
  readonly unit: PeriodUnit;
  /** Units a period has: above 1 only where the years are many. */
  readonly size: number;
  /** In order, without a hole. A record is in the one that it began in. */
  readonly periods: readonly Period[];
  /** Records that do not say when they began. */
  readonly undated: AggregateGroup | null;
}

export interface Period {
  /** ISO 8601, UTC: when it begins. */
  readonly startTs: string;
  /** "2026-03-08", "2026-03-08 10:00", "2026-03", … */
  readonly label: string;
  /** Null where no record began in it: that is not 0. */
  readonly group: AggregateGroup | null;
}

export interface Breakdown {
  readonly dimension: "task" | "region" | "host" | "label";
  /** Of the label; null for other dimensions. */
  readonly labelName: string | null;
  /** The largest first. */
  readonly rows: readonly BreakdownRow[];
  /** All others together; null where there are none. */
  readonly others: { readonly count: number; readonly group: AggregateGroup } | null;
  /** Whether `others.count` is exact, and the rows surely the largest: not where there are more names than are remembered. */
  readonly isExact: boolean;
}

export interface BreakdownRow {
  /** Null: records that have none. */
  readonly name: string | null;
  readonly group: AggregateGroup;
}

/** A family of error sources, and its share of the variance of the total. */
export interface UncertaintyShare {
  readonly family: string;
  readonly quantity: string;
  readonly scope: string;
  readonly citation: string | null;
  /** In [0, 1]. */
  readonly shareOfVariance: number;
  /** Sources of the family; 0 for what no records share. */
  readonly sourceCount: number;
}

export interface DataQuality {
  /** Records by what their energy rests on: "measured", "estimated", or null where that is not recorded. */
  readonly energyProvenance: readonly Counted<string | null>[];
  readonly energySources: readonly Counted<string>[];
  /** Readings that failed or added nothing, and records that had any. */
  readonly gapCount: number;
  readonly recordsWithGaps: number;
  /** Records whose hardware's part is declared. */
  readonly embodiedCount: number;
  readonly notes: readonly Counted<string>[];
}

export interface Counted<T> {
  readonly value: T;
  readonly count: number;
}

export interface MethodUsed {
  readonly methods: readonly Counted<string>[];
  readonly conversionVersions: readonly Counted<string>[];
  readonly intensities: readonly Counted<IntensityCited>[];
  readonly factors: readonly Counted<FactorCited>[];
  /** Further intensities and factors that are not listed. */
  readonly unlistedCount: number;
}

export interface IntensityCited {
  readonly kind: IntensityKind;
  readonly scope: string;
  readonly zone: string;
  readonly zoneName: string;
  readonly source: string;
  readonly licence: string;
  readonly providerVersion: string;
  readonly period: string;
  readonly lowest: number;
  readonly highest: number;
}

export interface FactorCited {
  readonly quantity: string;
  readonly citation: string;
  readonly unit: string;
  readonly lowest: number;
  readonly highest: number;
}

export interface LeftOut {
  /** Replaced by restatements. */
  readonly supersededCount: number;
  /** Of an application's tasks, where the record of the command that it was holds their energy too. */
  readonly partCount: number;
  /** Records of other kinds, by kind. */
  readonly otherKinds: readonly Counted<string>[];
  /** Estimates that do not fit their schema, and what is wrong with the first of them. */
  readonly unusableCount: number;
  readonly firstUnusable: { readonly segment: number; readonly seq: number; readonly reason: string } | null;
}
