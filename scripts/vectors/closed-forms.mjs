import {
  analyticalTruncated,
  difference,
  lognormalFromMean,
  lognormalFromRange,
  lognormalMean,
  lognormalQuantile,
  productOfCorrelatedNormals,
  productOfFactors,
  quantileFunction,
  relativeFromLnSigma,
  truncatedNormal,
} from "../../dist/uncertainty/index.js";
import { casesOf, compareFields, isUncertaintyFile } from "./comparison.mjs";

/** Truncated normal, products, lognormal and gamma matching, and the analytical method: deterministic, each to its own tolerance. */
const readers = {
  truncated_normal: truncated,
  analytical_truncated: analytical,
  product_variance: product,
  lognormal_gamma: matched,
};

export function handles(path) {
  return readerOf(path) !== undefined;
}

function readerOf(path) {
  return Object.keys(readers).find((name) => isUncertaintyFile(path, name));
}

export function cases(directory, path) {
  const fieldsOf = readers[readerOf(path)];
  return casesOf(directory, path, (item) => {
    const actual = fieldsOf(item);
    for (const [field, expected] of Object.entries(item.expected)) {
      const nested = expected !== null && typeof expected === "object" && !Array.isArray(expected);
      compareFields(
        nested ? expected : { [field]: expected },
        nested ? (actual[field] ?? {}) : actual,
        toleranceOf(item),
      );
    }
  });
}

/** Relative; near 0 (a logarithm of 1, a bias of nothing) by the rounding of the numbers near 1 that were subtracted. */
function toleranceOf({ tolerance }) {
  if (typeof tolerance?.relative !== "number") throw new Error("there is no relative tolerance");
  const nearZero = new Set(["mu", "factor_ln_mu", "relative_bias_first_order"]);
  return (field) => ({ relative: tolerance.relative, absolute: nearZero.has(field) ? 4e-15 : 0 });
}

/** The interval fields name their level: interval_95, interval_symmetric_99.5. */
function intervalsOf(expected, prefix, intervalAt) {
  const fields = Object.keys(expected).filter(
    (field) => field.startsWith(prefix) && Number(field.slice(prefix.length)) > 0,
  );
  return Object.fromEntries(fields.map((field) => [field, intervalAt(Number(field.slice(prefix.length)) / 100)]));
}

function equalTailed(quantile) {
  return (level) => [quantile((1 - level) / 2), quantile((1 + level) / 2)];
}

function truncated({ mu, sigma, lower = 0, expected }) {
  const variable = truncatedNormal(mu - lower, sigma);
  const sd = variable.standardDeviation;
  const moved = (intervalAt) => (level) => intervalAt(level).map((end) => lower + end);
  return {
    mass_above_zero: Math.exp(variable.logMassAboveZero),
    log_mass_above_zero: variable.logMassAboveZero,
    mean: lower + variable.mean,
    sd,
    variance: sd * sd,
    mode: lower + variable.mode,
    median: lower + variable.quantile(0.5),
    ...intervalsOf(expected, "interval_symmetric_", moved(equalTailed((p) => variable.quantile(p)))),
    ...intervalsOf(
      expected,
      "interval_shortest_",
      moved((level) => variable.shortestInterval(level)),
    ),
  };
}

function analytical({ energy, factors, addend, expected }) {
  const quantity = ({ mean, mu, u }) => ({ mean: mean ?? mu, standardUncertainty: u });
  const model = { energy: quantity(energy), factors: factors.map(quantity) };
  if (addend !== undefined) model.addend = quantity(addend);
  const result = analyticalTruncated(model);
  const factor = productOfFactors(model.factors);
  const { lnMedian, lnSigma } = lognormalFromMean(factor.mean, factor.standardUncertainty);
  return {
    factor_mean: factor.mean,
    factor_ln_mu: lnMedian,
    factor_ln_sigma: lnSigma,
    energy_mean: result.energyMean,
    energy_sd: result.energyStandardDeviation,
    mean: result.mean,
    u: result.standardUncertainty,
    median: result.median,
    interval_kind: result.intervalKind,
    ...intervalsOf(expected, "interval_", (level) => equalTailedOf(model, level)),
  };
}

/** Near idle the method states an upper limit; its equal-tailed ends are the limits of the levels (1 -+ p) / 2. */
function equalTailedOf(model, level) {
  const result = analyticalTruncated({ ...model, level });
  if (result.intervalKind === "equal_tailed") return [result.lower, result.upper];
  return equalTailed((p) => analyticalTruncated({ ...model, level: p }).upper)(level);
}

function product({ factors, inputs, correlation, independent, distribution, expected }) {
  if (inputs !== undefined) return marginalEnergy(inputs);
  const quantities = factors.map(({ mean, u }) => ({ mean, standardUncertainty: u }));
  const isIndependent = independent === true || correlation === undefined;
  if (!isIndependent && (quantities.length !== 2 || distribution !== "bivariate normal")) {
    throw new Error(`correlated factors that are "${distribution}" are not known to this reader`);
  }
  const exact = isIndependent ? productOfFactors(quantities) : productOfCorrelatedNormals(...quantities, correlation);
  const firstOrder = firstOrderProduct(quantities, isIndependent ? 0 : correlation);
  return {
    mean: exact.mean,
    u_exact: exact.standardUncertainty,
    u_first_order: firstOrder,
    ...("relative_bias_first_order" in expected && {
      relative_bias_first_order: firstOrder / exact.standardUncertainty - 1,
    }),
  };
}

/** JCGM 100, 5.1.6 and 5.2.2. */
function firstOrderProduct(quantities, correlation) {
  const others = quantities.map((_, index) =>
    quantities.reduce((all, { mean }, at) => (at === index ? all : all * mean), 1),
  );
  const parts = quantities.map(({ standardUncertainty }, index) => others[index] * standardUncertainty);
  const [first, second] = parts;
  return Math.sqrt(parts.reduce((sum, part) => sum + part * part, 0) + 2 * correlation * first * (second ?? 0));
}

function marginalEnergy({ E_total: total, E_idle: idle, share, correlation_total_idle: correlation }) {
  const quantity = ([mean, standardUncertainty]) => ({ mean, standardUncertainty });
  const active = difference(quantity(total), quantity(idle), correlation);
  const { mean, standardUncertainty } = productOfFactors([active, quantity(share)]);
  return {
    active: active.mean,
    u_active: active.standardUncertainty,
    mean,
    u_exact: standardUncertainty,
    ratio_mean_over_u_active: active.mean / active.standardUncertainty,
  };
}

function matched({ mean, u, low, high, level, expected }) {
  if (low !== undefined) return lognormalFields(lognormalFromRange(low, high, level), expected);
  const shape = (mean / u) ** 2;
  const scale = (u / mean) * u;
  const gamma = quantileFunction({ kind: "gamma", shape, scale });
  return {
    lognormal: lognormalFields(lognormalFromMean(mean, u), expected.lognormal),
    gamma: {
      shape,
      scale,
      mode: Math.max(0, (shape - 1) * scale),
      median: gamma(0.5),
      ...intervalsOf(expected.gamma ?? {}, "interval_", equalTailed(gamma)),
    },
  };
}

function lognormalFields(distribution, expected = {}) {
  const { lnMedian, lnSigma } = distribution;
  const quantile = (p) => lognormalQuantile(distribution, p);
  const mean = lognormalMean(distribution);
  return {
    mu: lnMedian,
    sigma: lnSigma,
    median: quantile(0.5),
    mode: Math.exp(lnMedian - lnSigma * lnSigma),
    mean,
    u: mean * relativeFromLnSigma(lnSigma),
    ...intervalsOf(expected, "interval_", equalTailed(quantile)),
  };
}
