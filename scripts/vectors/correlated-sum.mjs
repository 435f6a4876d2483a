import {
  autoregressiveSum,
  covarianceOf,
  differenceOfSourced,
  effectiveCount,
  equicorrelatedSum,
  matrixSum,
  standardUncertaintyOf,
  sumOfSourced,
} from "../../dist/uncertainty/index.js";
import { casesByKind, isUncertaintyFile } from "./comparison.mjs";

/** Sums of correlated errors, and totals from named sources. */
export function handles(relativePath) {
  return isUncertaintyFile(relativePath, "correlated_sum");
}

export function cases(directory, relativePath) {
  return casesByKind(directory, relativePath, figuresOf);
}

const figuresOf = {
  equicorrelated: ({ u, rho }) => ({
    u_total: equicorrelatedSum(u, rho),
    u_if_independent: equicorrelatedSum(u, 0),
    u_if_fully_correlated: equicorrelatedSum(u, 1),
  }),
  ar1: ({ u, rho }) => ({ u_total: autoregressiveSum(u, rho) }),
  ar1_equal_weights: ({ n, u_each: each, rho }) => ({
    u_total: autoregressiveSum(new Array(n).fill(each), rho),
    n_effective: effectiveCount(n, rho),
  }),
  ar1_irregular: ({ u, rho_per_hour: rho, hours_between: gaps }) => ({ u_total: autoregressiveSum(u, rho, gaps) }),
  matrix: ({ components, correlation }) => ({ u_total: matrixSum(components, correlation) }),
  named_sources: namedSources,
};

function namedSources({ estimates, sources_independent: areIndependent, expected }) {
  if (areIndependent !== true) throw new Error("sources that depend on each other are not described");
  const options = { autocorrelationPerHour: 0 };
  const u = (quantity) => standardUncertaintyOf(quantity, options);
  const byId = new Map(
    estimates.map(({ id, value, components, u_private: privateUncertainty }) => [
      id,
      { value, components: new Map(Object.entries(components)), privateUncertainty },
    ]),
  );
  const all = [...byId.values()];
  const total = sumOfSourced(all);
  const figures = {
    u_all: u(total),
    u_all_naive_quadrature: Math.hypot(...all.map(u)),
    u_all_linear: all.reduce((sum, quantity) => sum + u(quantity), 0),
    sum_then_add_equals_any_grouping: groupingsAgree(all, u(total), u),
  };
  // The other members name the estimates that they are about.
  for (const name of Object.keys(expected)) {
    if (name in figures) continue;
    const operation = /^u_(.+)_(plus|minus)_(.+)$/.exec(name);
    if (operation !== null && byId.has(operation[1]) && byId.has(operation[3])) {
      const [a, b] = [byId.get(operation[1]), byId.get(operation[3])];
      figures[name] = u(operation[2] === "minus" ? differenceOfSourced(a, b) : sumOfSourced([a, b]));
      continue;
    }
    const pair = /^covariance_(.+)_(.+)$/.exec(name);
    if (pair !== null && byId.has(pair[1]) && byId.has(pair[2])) {
      figures[name] = covarianceOf(byId.get(pair[1]), byId.get(pair[2]), options);
      continue;
    }
    const single = /^u_(.+)$/.exec(name);
    if (single !== null && byId.has(single[1])) figures[name] = u(byId.get(single[1]));
  }
  return figures;
}

/** Every cut in two, each half summed first. */
function groupingsAgree(all, expected, u) {
  return all.every((_, cut) => {
    const grouped = u(sumOfSourced([sumOfSourced(all.slice(0, cut)), sumOfSourced(all.slice(cut))]));
    return Math.abs(grouped - expected) <= 1e-12 * expected;
  });
}
