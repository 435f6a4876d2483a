import type { IntensityScope } from "../intensity/intensity.ts";
import { type SnakeJson, toSnakeCase } from "../snake-case.ts";
import { lognormalFromMean, lognormalQuantile } from "../uncertainty/lognormal.ts";
import { runningSum, standardUncertaintyOf } from "../uncertainty/named-sources.ts";
import { type EstimateToSum, type FiguresToSum, usedShareOf } from "./aggregate-record.ts";
import type { CoverageInterval } from "./estimate.ts";

/** A sum of grams of one kind, with its error sources. */
interface GramsTotalFields {
  /** Sum of the records' means. */
  readonly grams: number;
  /** The part of it that comes from cutting each record's energy at zero: 0 unless energies reach down to their own uncertainty. */
  readonly truncationGrams: number;
  readonly standardUncertaintyGrams: number;
  /** In per cent of the grams; null when they are 0. */
  readonly uncertaintyPct: number | null;
  readonly interval: CoverageInterval;
  /** Records that have grams of this kind, and their energy: fewer than the group's where some have none. */
  readonly recordCount: number;
  readonly energyWh: number;
  /** Energy of these records that is in no gram, because no intensity of its time was known and the policy was "drop". */
  readonly droppedEnergyWh: number;
  /** Life-cycle and direct grams are not of one kind either: two scopes here mean a sum of unlike things. */
  readonly scopes: readonly IntensityScope[];
  /** Signed standard uncertainty in grams by source id; closed days of hourly sources may be folded. */
  readonly components: ReadonlyMap<string, number>;
  readonly privateUncertaintyGrams: number;
}

export interface GramsTotal extends GramsTotalFields {
  /** The snake_case form, source ids as they are. */
  toJSON(): SnakeJson;
}

export interface RunningGrams {
  /** The components are those of the figures, as entries: made once for every sum that takes them. */
  add(figures: FiguresToSum, components: readonly (readonly [string, number])[], estimate: EstimateToSum): void;
  total(level: number): GramsTotal;
}

/** With more sources than this, hours of past days are folded: some tens of thousands of sources are a few megabytes. */
const foldFrom = 5000;

/** Records may come somewhat out of order. */
const openDaysMs = 3 * 86_400_000;

export function runningGrams(): RunningGrams {
  const autocorrelations = new Map<string, number>();
  const options = { autocorrelationPerHour: (family: string) => autocorrelations.get(family) };
  const sum = runningSum(options);
  const scopes = new Set<IntensityScope>();
  let [recordCount, energyWh, droppedEnergyWh, truncationGrams] = [0, 0, 0, 0];
  let newest = "";
  let nextFold = foldFrom;
  const rememberFamilies = (id: string, rho: number): void => {
    const family = id.slice(0, id.lastIndexOf("/t="));
    const known = autocorrelations.get(family);
    if (known === undefined || known < rho) autocorrelations.set(family, rho);
  };
  return {
    add(figures, components, estimate) {
      recordCount += 1;
      const energy = energyOf(figures, estimate);
      energyWh += energy.usedWh;
      droppedEnergyWh += energy.droppedWh;
      truncationGrams += truncationOf(figures, estimate);
      scopes.add(figures.intensity.scope);
      const { autocorrelation_per_hour: rho } = figures.intensity;
      if (rho !== undefined) {
        for (const [id] of components) if (id.includes(".hour/")) rememberFamilies(id, rho);
      }
      sum.add({ value: figures.grams, components, privateUncertainty: figures.private_uncertainty_grams });
      // ISO 8601 in UTC: the order of the texts is that of the times.
      if (estimate.start_ts !== null && estimate.start_ts > newest) newest = estimate.start_ts;
      if (sum.sourceCount > nextFold && newest !== "") {
        sum.foldDaysBefore(Date.parse(newest) - openDaysMs);
        // What cannot be folded is not tried again at every record.
        nextFold = sum.sourceCount + foldFrom;
      }
    },
    total(level) {
      const { value: grams, components, privateUncertainty } = sum.total();
      const standardUncertaintyGrams = standardUncertaintyOf(sum.total(), options);
      const fields: GramsTotalFields = {
        grams,
        truncationGrams,
        standardUncertaintyGrams,
        uncertaintyPct: grams > 0 ? (100 * standardUncertaintyGrams) / grams : null,
        interval: intervalOf({ grams, truncationGrams, standardUncertaintyGrams, level }),
        recordCount,
        energyWh,
        droppedEnergyWh,
        scopes: [...scopes].sort(),
        components,
        privateUncertaintyGrams: privateUncertainty,
      };
      return { ...fields, toJSON: () => toSnakeCase(fields) };
    },
  };
}

/** A record's `energy_wh` is what its own figures used; its marginal ones may have used another part of the same energy. */
export function energyOf(
  figures: FiguresToSum,
  estimate: EstimateToSum,
): { readonly usedWh: number; readonly droppedWh: number } {
  const [ownShare, share] = [usedShareOf(estimate), usedShareOf(figures)];
  const allWh = ownShare > 0 ? estimate.energy_wh / ownShare : 0;
  const usedWh = share === ownShare ? estimate.energy_wh : allWh * share;
  return { usedWh, droppedWh: share === 1 ? 0 : allWh - usedWh };
}

/** Below this part of the energy a difference is the rounding of a record's figures. */
const negligibleRelative = 1e-9;

/**
 * Grams of the energy's mean less those of its best value: a truncated normal's mean lies above its parent's. What was dropped for want of
 * an intensity is no part of the difference.
 */
function truncationOf(figures: FiguresToSum, estimate: EstimateToSum): number {
  const { energy_wh: energyWh, energy_wh_stated: statedWh } = estimate;
  const bestWh = statedWh * usedShareOf(estimate);
  if (energyWh - bestWh <= negligibleRelative * energyWh) return 0;
  return ((figures.operational_grams ?? figures.grams) * (energyWh - bestWh)) / energyWh;
}

/** As for single estimates: below this many standard uncertainties above zero the data do not exclude "nothing". */
const upperLimitBelowRatio = 1.645;

interface TotalToBound {
  readonly grams: number;
  readonly truncationGrams: number;
  readonly standardUncertaintyGrams: number;
  readonly level: number;
}

/**
 * A lognormal with the total's mean and standard uncertainty. Where cutting at zero raised the mean, the truth may lie about the sum
 * without it: the lower end is that sum's, or 0.
 */
function intervalOf({ grams, truncationGrams, standardUncertaintyGrams, level }: TotalToBound): CoverageInterval {
  const unbiased = grams - truncationGrams;
  if (standardUncertaintyGrams === 0 || grams <= 0) {
    return { lowerGrams: Math.max(0, Math.min(unbiased, grams)), upperGrams: grams, level, kind: "equal_tailed" };
  }
  const isUpperLimit = unbiased / standardUncertaintyGrams < upperLimitBelowRatio;
  const upper = lognormalFromMean(grams, standardUncertaintyGrams);
  const upperGrams = lognormalQuantile(upper, isUpperLimit ? level : (1 + level) / 2);
  if (isUpperLimit) return { lowerGrams: 0, upperGrams, level, kind: "upper_limit" };
  const lower = lognormalFromMean(unbiased, standardUncertaintyGrams);
  return { lowerGrams: lognormalQuantile(lower, (1 - level) / 2), upperGrams, level, kind: "equal_tailed" };
}
