import { type AttributionTotals, allocationRatio } from "../attribution/accumulator.ts";
import { attributionUncertainty } from "../attribution/uncertainty.ts";
import type { EnergyBoundary, EnergySource, Provenance } from "../energy/source.ts";
import { wattHoursFromJoules } from "../units.ts";
import type { EnergyUncertainty } from "./energy-uncertainty.ts";
import type { GpuEnergyFigures } from "./gpu-figures.ts";
import type { StoredBaseline } from "./stored-baseline.ts";

/** Where the idle baseline came from. "none": idle power is unknown, and shared out with the rest. */
export type IdleBaselineOrigin = "model" | "configured" | "calibrated" | "none";

/**
 * Who shared out the energy. The words are the Python original's: `monitor_only` means that no governor took part and this
 * process did the attribution itself.
 */
export type AttributionMode = "governor_cpu_time" | "governor_energy" | "monitor_only";

/** Energy over a span and what is known about it. Watt-hours are null when nothing could be read: a gap is not a 0. */
export interface EnergyFigures {
  /** The host's energy, within the source's boundary. */
  readonly energyWhTotal: number | null;
  /** Above the idle baseline. */
  readonly energyWhActive: number | null;
  /** The task's share of the active energy. */
  readonly energyWhTask: number | null;
  /** Task / active, in [0, 1]; null when nothing was active. */
  readonly allocationRatio: number | null;
  readonly attributionMode: AttributionMode;
  /** Where the joules came from; "none" when there was no source. */
  readonly energySource: EnergySource["id"] | "none";
  readonly energySourceLabel: string;
  readonly energyProvenance: Provenance | null;
  readonly energyBoundary: EnergyBoundary | null;
  /** Time over which the energy was read, in seconds: the span and the moments around it that the readings take. */
  readonly measuredSeconds: number | null;
  readonly idleBaselineWatts: number | null;
  readonly idleBaselineOrigin: IdleBaselineOrigin;
  readonly uncertainty: EnergyUncertainty | null;
  /** Steps of counters that added nothing, and readings that failed: above 0, energy may be missing or be of another time. */
  readonly gaps: number;
  /** GPUs stand beside the host: their energy is in none of the figures above. Absent where none was read. */
  readonly gpu?: GpuEnergyFigures;
}

export interface IdleBaseline {
  readonly watts: number | null;
  readonly origin: IdleBaselineOrigin;
  /** Standard uncertainty of `watts` from the scatter of a calibration; absent where it is not known. */
  readonly standardUncertaintyWatts?: number;
  /** When it was calibrated, ISO 8601; absent where it was not. Another calibration has another error. */
  readonly measuredAt?: string;
}

/** The baseline that holds: what the user configured, else what was calibrated, else what the source itself knows, else none. */
export function idleBaselineFor(
  source: EnergySource,
  configuredWatts: number | undefined,
  calibrated: Pick<StoredBaseline, "watts" | "standardUncertaintyWatts" | "measuredAt"> | null = null,
): IdleBaseline {
  if (configuredWatts !== undefined) return { watts: configuredWatts, origin: "configured" };
  if (calibrated !== null) {
    const { watts, standardUncertaintyWatts, measuredAt } = calibrated;
    return { watts, origin: "calibrated", standardUncertaintyWatts, measuredAt };
  }
  if (source.idleWatts !== null) return { watts: source.idleWatts, origin: "model" };
  return { watts: null, origin: "none" };
}

export function attributionModeFor({ id }: Pick<EnergySource, "id">): AttributionMode {
  return id === "governor" ? "governor_cpu_time" : "monitor_only";
}

/** @param host the host's name; null where the kernel does not say */
export function energyFigures(
  source: EnergySource,
  totals: AttributionTotals,
  baseline: IdleBaseline,
  gaps: number,
  host: string | null,
): EnergyFigures {
  // A model's idle power carries the same gain error as its total, so no error of its own is left after subtraction.
  const idleWattsWithOwnError = baseline.origin === "model" ? 0 : (baseline.watts ?? 0);
  const { shareLnSigma, clockJoules, idleJoules } = attributionUncertainty(
    totals,
    idleWattsWithOwnError,
    source.wattsPerBusyCpu,
    baseline.standardUncertaintyWatts,
  );
  return {
    energyWhTotal: wattHoursFromJoules(totals.hostJoules),
    energyWhActive: wattHoursFromJoules(totals.activeJoules),
    energyWhTask: wattHoursFromJoules(totals.taskJoules),
    allocationRatio: allocationRatio(totals),
    attributionMode: attributionModeFor(source),
    energySource: source.id,
    energySourceLabel: source.label,
    energyProvenance: source.provenance,
    energyBoundary: source.boundary,
    measuredSeconds: totals.durationSeconds,
    idleBaselineWatts: baseline.watts,
    idleBaselineOrigin: baseline.origin,
    uncertainty: {
      gainLnSigma: source.uncertainty.gainLnSigma,
      gainSourceId: source.uncertainty.sourceId,
      gainCitation: source.uncertainty.citation,
      shareLnSigma,
      additiveWh: wattHoursFromJoules(clockJoules),
      ...(idleJoules === 0
        ? {}
        : { idleWh: wattHoursFromJoules(idleJoules), idleSourceId: idleSourceIdOf(baseline, host) }),
    },
    gaps,
  };
}

function idleSourceIdOf({ origin, measuredAt }: IdleBaseline, host: string | null): string {
  return `idle/host=${host ?? "unknown"}/cal=${measuredAt ?? origin}`;
}

/** The figures of a span over which nothing could be read, with the reason in the label. */
export function unknownEnergy(reason: string, gaps = 0): EnergyFigures {
  return {
    energyWhTotal: null,
    energyWhActive: null,
    energyWhTask: null,
    allocationRatio: null,
    attributionMode: "monitor_only",
    energySource: "none",
    energySourceLabel: reason,
    energyProvenance: null,
    energyBoundary: null,
    measuredSeconds: null,
    idleBaselineWatts: null,
    idleBaselineOrigin: "none",
    uncertainty: null,
    gaps,
  };
}
