import {
  blockStability,
  coverageInterval,
  isValidatedBy,
  monteCarlo,
  normalCdf,
  normalQuantile,
  numericalTolerance,
  sampleMoments,
} from "../../dist/uncertainty/index.js";
import { heldCount, selected } from "../../dist/uncertainty/order-statistics.js";
import { casesOf, compareFields, isUncertaintyFile } from "./comparison.mjs";

/** The rules of JCGM 101, 7.7, 7.9 and 8.1, and the defect of taking an interval from a bootstrap of the mean. */
export function handles(path) {
  return isUncertaintyFile(path, "monte_carlo_algorithms");
}

const kinds = {
  numerical_tolerance: ({ u, significant_digits: digits }) => ({ delta: numericalTolerance(u, digits) }),
  coverage_interval_from_sample: fromSample,
  block_stability: ({ block_values: blocks, delta }) => {
    const { mean, standardError, isStable } = blockStability(blocks, delta);
    return { mean, s_of_mean: standardError, stable: isStable };
  },
  guf_validation: ({ d_low: low, d_high: high, delta }) => ({
    validated: isValidatedBy({ lower: low, upper: high }, { lower: 0, upper: 0 }, delta),
  }),
  bootstrap_of_mean_defect: bootstrapDefect,
};

export function cases(directory, path) {
  return casesOf(directory, path, (item) => {
    const fieldsOf = kinds[item.kind];
    if (fieldsOf === undefined) throw new Error(`the kind "${item.kind}" is not known to this reader`);
    // Without a tolerance of its own a case is exact but for rounding, which is of the size of what was added up.
    const size = Math.max(0, ...(item.sample ?? item.block_values ?? []).map(Math.abs));
    const tolerance = {
      relative: item.tolerance?.relative ?? 1e-12,
      absolute: item.tolerance?.absolute ?? 1e-14 * size,
    };
    compareFields(item.expected, fieldsOf(item), tolerance);
  });
}

function fromSample({ sample, level }) {
  const ends = (kind) => {
    const { lower, upper } = coverageInterval(Float64Array.from(sample), level, kind);
    return [lower, upper];
  };
  const held = heldCount(sample.length, level);
  const symmetric = ends("symmetric");
  const { mean, variance } = sampleMoments(sample);
  return {
    q: held,
    r: rankOf(sample, symmetric[0], Math.floor((sample.length - held + 1) / 2)),
    interval_symmetric: symmetric,
    interval_shortest: ends("shortest"),
    mean,
    u: Math.sqrt(variance),
  };
}

/** The rank that was used, if the value there is the end that was found. */
function rankOf(sample, end, rank) {
  return selected(Float64Array.from(sample), rank) === end ? rank : Number.NaN;
}

/** The figures of the defect, after a check that monteCarlo's own interval is the right one at that number of trials. */
function bootstrapDefect({ trials, value, u, level = 0.95 }) {
  const z = normalQuantile((1 + level) / 2);
  const result = monteCarlo({
    sources: [{ id: "value", distribution: { kind: "normal", mean: value, standardDeviation: u } }],
    model: (draws) => draws[0],
    seed: 20081,
    trials,
    level,
  });
  const allowed = (6 * 2.7 * u) / Math.sqrt(trials);
  if (Math.abs(result.lower - (value - z * u)) > allowed || Math.abs(result.upper - (value + z * u)) > allowed) {
    throw new Error(`monteCarlo gives ${result.lower} to ${result.upper}`);
  }
  const standardError = u / Math.sqrt(trials);
  return {
    true_95: [value - z * u, value + z * u],
    bootstrap_mean_95: [value - z * standardError, value + z * standardError],
    coverage_of_bootstrap_interval: 2 * normalCdf((z * standardError) / u) - 1,
  };
}
