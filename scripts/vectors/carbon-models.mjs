import { monteCarlo } from "../../dist/uncertainty/index.js";
import { casesOf, compareFields, isUncertaintyFile } from "./comparison.mjs";
import { compileFormula } from "./formula.mjs";
import { trialsFor } from "./trials.mjs";
import { distributionOf } from "./vector-distribution.mjs";

/** Whole carbon models by Monte Carlo: formulas of named inputs, and days of hourly buckets with an AR(1) error of the intensity. */
export function handles(path) {
  return isUncertaintyFile(path, "carbon_models");
}

export function cases(directory, path) {
  return casesOf(directory, path, (item) => {
    const { level, interval_kind: kind, ...expected } = item.expected;
    const tolerance = (field) => {
      const absolute = item.tolerance[field === "median" ? "interval" : field];
      return absolute === undefined ? { relative: 1e-5 } : { absolute };
    };
    const options = { seed: 20081, level, interval: kind, trials: trialsFor(item) };
    compareFields(expected, item.parameters === undefined ? formula(item, options) : day(item, options), tolerance);
  });
}

function formula({ model, inputs, constants }, options) {
  const names = inputs.map(({ name }) => name);
  const sources = inputs.map((input) => ({ id: input.name, distribution: distributionOf(input) }));
  return asFields(monteCarlo({ ...options, sources, model: compileFormula(model, names, constants) }));
}

function asFields({ mean, standardUncertainty, median, lower, upper }) {
  return { mean, u: standardUncertainty, median, interval: [lower, upper] };
}

const standardNormal = { kind: "normal", mean: 0, standardDeviation: 1 };

/** gain (1 + PUEx) bias sum_t E_t (1 + e_t) I_t exp(sigma a_t), a_t an AR(1) with unit variance. */
function day({ model, parameters }, options) {
  if (!/^gain\*\(1\+PUEx\)\*bias\*sum_t E_t\*\(1\+e_t\)\*I_t\*exp\(/.test(model)) {
    throw new Error(`the model "${model}" is not known to this reader`);
  }
  const p = parameters;
  const hours = p.E_kwh.map((energy, hour) => energy * p.I_g_per_kwh[hour]);
  const count = hours.length;
  const sources = [
    { id: "gain", distribution: { kind: "lognormal", lnMedian: 0, lnSigma: p.sigma_ln_gain } },
    {
      id: "pue",
      distribution: { kind: "lognormal", lnMedian: Math.log(p.pue_excess_median), lnSigma: p.pue_excess_sigma },
    },
    { id: "bias", distribution: { kind: "lognormal", lnMedian: 0, lnSigma: p.sigma_ln_bias } },
    ...hours.map((_, hour) => ({
      id: `energy/t=${hour}`,
      distribution: { kind: "normal", mean: 1, standardDeviation: p.u_rel_e },
    })),
    ...hours.map((_, hour) => ({ id: `intensity/t=${hour}`, distribution: standardNormal })),
  ];
  const rho = p.rho_per_hour;
  const fresh = Math.sqrt(1 - rho * rho);
  const result = monteCarlo({
    ...options,
    sources,
    model: (draws) => {
      let sum = 0;
      let state = draws[3 + count];
      for (let hour = 0; hour < count; hour += 1) {
        if (hour > 0) state = rho * state + fresh * draws[3 + count + hour];
        sum += hours[hour] * draws[3 + hour] * Math.exp(p.sigma_ln_hour * state);
      }
      return draws[0] * (1 + draws[1]) * draws[2] * sum;
    },
  });
  return { ...asFields(result), ...closedForm(p, hours) };
}

/** The estimate at the medians, and the first-order relative uncertainty of the same model. */
function closedForm(p, hours) {
  const total = hours.reduce((sum, grams) => sum + grams, 0);
  let correlated = 0;
  let earlier = 0;
  for (const grams of hours) {
    const part = (grams / total) * p.sigma_ln_hour;
    correlated += part * part + 2 * part * earlier;
    earlier = p.rho_per_hour * (earlier + part);
  }
  const independent = hours.reduce((sum, grams) => sum + ((grams / total) * p.u_rel_e) ** 2, 0);
  const excess = p.pue_excess_median;
  const pue = (excess * p.pue_excess_sigma) / (1 + excess);
  return {
    point_estimate: (1 + excess) * total,
    relative_u_first_order: Math.sqrt(
      correlated + independent + pue ** 2 + p.sigma_ln_gain ** 2 + p.sigma_ln_bias ** 2,
    ),
  };
}
