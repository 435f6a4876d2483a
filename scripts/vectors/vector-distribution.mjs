import { lognormalFromMean } from "../../dist/uncertainty/index.js";

/** The distributions of the vector files, by the names and parameters that these use. */
const makers = {
  normal: ({ mean, sd }) => ({ kind: "normal", mean, standardDeviation: sd }),
  uniform: ({ a, b }) => ({ kind: "rectangular", low: a, high: b }),
  rectangular: ({ a, b }) => ({ kind: "rectangular", low: a, high: b }),
  triangular: ({ a, b, c, mode }) => ({ kind: "triangular", low: a, mode: c ?? mode ?? (a + b) / 2, high: b }),
  trapezoidal: ({ a, b, beta }) => ({ kind: "trapezoidal", low: a, high: b, topFraction: beta }),
  arcsine: ({ a, b }) => ({ kind: "arcsine", low: a, high: b }),
  ctrap: ({ a, b, d }) => ({ kind: "curvilinear_trapezoid", low: a, high: b, limitHalfWidth: d }),
  t_scaled: ({ loc, scale, df }) => ({ kind: "student_t", location: loc, scale, degreesOfFreedom: df }),
  lognormal_median: ({ median, sigma }) => ({ kind: "lognormal", lnMedian: Math.log(median), lnSigma: sigma }),
  lognormal_mean: ({ mean, u }) => ({ kind: "lognormal", ...lognormalFromMean(mean, u) }),
  lognormal: ({ mu, sigma }) => ({ kind: "lognormal", lnMedian: mu, lnSigma: sigma }),
  gamma: ({ shape, scale }) => ({ kind: "gamma", shape, scale }),
  exponential: ({ mean, scale }) => ({ kind: "exponential", mean: mean ?? scale }),
  truncnormal: ({ mu, sigma, lower }) => ({
    kind: "truncated_normal",
    parentMean: mu,
    parentSigma: sigma,
    low: lower ?? 0,
  }),
  estimate: ({ x, u }) => ({ kind: "normal", mean: x, standardDeviation: u }),
  const: ({ x, value }) => ({ kind: "exact", value: x ?? value }),
};

export function distributionOf({ name, dist, params }) {
  const make = makers[dist];
  if (make === undefined) throw new Error(`the distribution "${dist}" of ${name} is not known to this reader`);
  const distribution = make(params);
  for (const [parameter, value] of Object.entries(distribution)) {
    if (value === undefined || Number.isNaN(value)) throw new Error(`the ${dist} of ${name} lacks its ${parameter}`);
  }
  return distribution;
}
