import {
  compareMeans,
  cusum,
  falseAlarmProbabilityAt,
  largestPossibleZ,
  robustScore,
  sampleMoments,
  sampleSizePerGroup,
  spikeScore,
} from "../../dist/uncertainty/index.js";
import { casesByKind, isUncertaintyFile } from "./comparison.mjs";

/** Power, comparison of two samples, anomalies. */
export function handles(relativePath) {
  return isUncertaintyFile(relativePath, "statistics_tools");
}

export function cases(directory, relativePath) {
  return casesByKind(directory, relativePath, figuresOf);
}

const figuresOf = {
  two_sample_t_sample_size: ({ effect_size_d: effectSize, power, alpha, two_sided: isTwoSided = true }) => {
    const size = sampleSizePerGroup({ effectSize, power, alpha, isTwoSided });
    return {
      n_per_group: size.countPerGroup,
      power_at_n: size.power,
      n_per_group_normal_approximation: size.normalApproximation,
    };
  },
  welch_t_test: ({ a, b, expected }) => {
    const result = compareMeans(a, b);
    const intervals = Object.keys(expected)
      .filter((name) => name.startsWith("interval_"))
      .map((name) => {
        const { lower, upper } = compareMeans(a, b, { level: Number(name.slice("interval_".length)) / 100 });
        return [name, [lower, upper]];
      });
    return {
      difference: result.difference,
      t: result.t,
      df: result.degreesOfFreedom,
      p: result.pValue,
      cohen_d: result.cohenD,
      hedges_g: result.hedgesG,
      ...Object.fromEntries(intervals),
    };
  },
  last_point_against_baseline: ({ series }) => {
    const baseline = series.slice(0, -1);
    const point = series.at(-1);
    const { count, mean, variance } = sampleMoments(baseline);
    const sample = spikeScore(point, baseline, { smallestSpread: 0 });
    const robust = robustScore(point, baseline);
    for (const z of [sample.z, robust.z]) {
      if (!Number.isFinite(z)) throw new Error(`a score is ${z}`);
    }
    return {
      z_population_sd: (point - mean) / Math.sqrt((variance * (count - 1)) / count),
      z_sample_sd: sample.z,
      median: robust.median,
      mad: robust.medianAbsoluteDeviation,
      robust_z: robust.z,
      modified_z_iglewicz_hoaglin: robust.z,
    };
  },
  cusum: ({ z, k, h }) => {
    const { upper, lower, firstAlarmIndex } = cusum(z, { allowance: k, threshold: h });
    return { upper, lower, first_alarm_index: firstAlarmIndex };
  },
  false_alarm_probability_gaussian: ({ baseline_points: count, threshold }) => ({
    z_population_sd: falseAlarmProbabilityAt(count, threshold, "population"),
    z_sample_sd: falseAlarmProbabilityAt(count, threshold, "sample"),
  }),
  largest_possible_z_when_point_is_in_its_window: ({ window }) => ({ max_z: largestPossibleZ(window) }),
};
