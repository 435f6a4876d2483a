import type { CarbonEstimateRecord } from "../../../record/carbon-estimate-record.ts";
import type { DataQuality, FactorCited, IntensityCited, MethodUsed } from "../../../report/ledger-report.ts";
import { openTallies } from "./tallies.ts";

/** What the figures rest on: collected record by record. */
export interface Evidence {
  add(estimate: CarbonEstimateRecord): void;
  quality(): DataQuality;
  method(): MethodUsed;
  /** What a family of error sources is; null for one that no record's budget names. */
  describe(family: string): SourceDescription | null;
}

interface SourceDescription {
  readonly quantity: string;
  readonly scope: string;
  readonly citation: string;
}

type BudgetRow = CarbonEstimateRecord["budget"][number];

/** "intensity.time/kind=average/zone=DE/day=2026-01-01" is of the family "intensity.time"; folded days are of their hours'. */
export function familyOf(sourceId: string): string {
  return sourceId.replace(/\/.*$/s, "").replace(/\.day$/, ".hour");
}

const listed = 60;
const listedNotes = 12;

export function openEvidence(): Evidence {
  const provenance = openTallies<string | null>(10);
  const sources = openTallies<string>(listed);
  const notes = openTallies<string>(400);
  const methods = openTallies<string>(10);
  const versions = openTallies<string>(listed);
  const intensities = openTallies(listed, widened<IntensityCited>);
  const factors = openTallies(listed, widened<FactorCited>);
  const families = new Map<string, SourceDescription>();
  let [gapCount, recordsWithGaps, embodiedCount] = [0, 0, 0];
  const addRow = ({ source_id: id, quantity, scope, citation, unit, estimate }: BudgetRow): void => {
    const family = familyOf(id);
    if (families.size < 1000 && !families.has(family)) families.set(family, { quantity, scope, citation });
    // Energy and intensity are each record's own, and listed elsewhere.
    if (unit === "Wh" || unit === "g/kWh") return;
    factors.add(`${quantity}\n${citation}\n${unit}`, { quantity, citation, unit, lowest: estimate, highest: estimate });
  };
  const addFigures = ({ intensity, intensity_g_per_kwh: value, method, budget }: Figures): void => {
    methods.add(method, method);
    const cited = citedIntensity(intensity, value);
    intensities.add(JSON.stringify({ ...cited, lowest: 0, highest: 0 }), cited);
    for (const row of budget) addRow(row);
  };
  return {
    add(estimate) {
      const { energy, inputs, marginal } = estimate;
      addFigures(estimate);
      if (marginal !== null) addFigures(marginal);
      versions.add(estimate.conversion_version, estimate.conversion_version);
      const kind = energy?.energy_provenance ?? inputs?.energy.provenance ?? null;
      provenance.add(kind ?? "", kind);
      if (energy !== null) sources.add(energy.energy_source_label, energy.energy_source_label);
      const gaps = energy?.gaps ?? 0;
      gapCount += gaps;
      recordsWithGaps += gaps > 0 ? 1 : 0;
      embodiedCount += estimate.embodied?.status === "declared" ? 1 : 0;
      // Notes that differ in their numbers say the same.
      for (const note of estimate.notes) notes.add(note.replace(/\d+(?:\.\d+)?/g, "#"), note);
    },
    quality: () => ({
      energyProvenance: provenance.counted(),
      energySources: sources.counted(),
      gapCount,
      recordsWithGaps,
      embodiedCount,
      notes: notes.counted().slice(0, listedNotes),
    }),
    method: () => ({
      methods: methods.counted(),
      conversionVersions: versions.counted(),
      intensities: intensities.counted(),
      factors: factors.counted(),
      unlistedCount: intensities.unlistedCount + factors.unlistedCount,
    }),
    describe: (family) => families.get(family) ?? null,
  };
}

type Figures = Pick<CarbonEstimateRecord, "intensity" | "intensity_g_per_kwh" | "method" | "budget">;

function citedIntensity(intensity: CarbonEstimateRecord["intensity"], value: number): IntensityCited {
  const { kind, scope, zone, zone_name: zoneName, source, licence, period_seconds: seconds } = intensity;
  const values = seconds === undefined || seconds === null ? "values of its time" : `values of ${seconds} s each`;
  return {
    kind,
    scope,
    zone,
    zoneName,
    source,
    licence,
    providerVersion: intensity.provider_version ?? "",
    period: intensity.year === null ? values : intensity.period,
    lowest: value,
    highest: value,
  };
}

function widened<T extends { readonly lowest: number; readonly highest: number }>(kept: T, other: T): T {
  return {
    ...kept,
    lowest: Math.min(kept.lowest, other.lowest),
    highest: Math.max(kept.highest, other.highest),
  };
}
