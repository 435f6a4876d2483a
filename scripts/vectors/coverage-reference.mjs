import {
  analyticalTruncated,
  lnSigmaFromRelative,
  lognormalFromMean,
  lognormalQuantile,
  normalCdf,
  normalQuantile,
  productOfFactors,
  relativeFromLnSigma,
  standardUncertaintyOf,
  sumOfSourced,
  truncatedNormal,
} from "../../dist/uncertainty/index.js";
import { productVariable } from "../../dist/uncertainty/positive-variable.js";
import { casesOf, compareFields, isUncertaintyFile } from "./comparison.mjs";

/**
 * How often candidate rules hold the truth. The estimates scatter over a lattice of equally probable points instead of random ones, so that the
 * figures are the same every time and their error is far below the tolerances.
 */
export function handles(relativePath) {
  return isUncertaintyFile(relativePath, "coverage_reference");
}

export function cases(directory, relativePath) {
  return casesOf(directory, relativePath, (item) => {
    if (typeof item.tolerance !== "number") throw new Error("it states no tolerance");
    compareFields(item.expected, figuresOf(item), { absolute: item.tolerance });
  });
}

const z95 = normalQuantile(0.975);

function figuresOf(item) {
  if (item.kind === "aggregate_coverage") return dayTotal(item);
  if (item.kind !== "repeated_sampling_coverage") throw new Error(`the kind "${item.kind}" is not known`);
  if (item.truth !== undefined) return productModel(item);
  if (item.true_value_over_sigma === undefined) throw new Error("the case has no truth");
  return item.rule === undefined ? boundedNormal(item) : switchedNormal(item);
}

/** Share of the estimates whose interval holds the truth. */
function coverage(estimates, truth, intervalOf) {
  const held = estimates.filter((estimate) => {
    const { lower, upper } = intervalOf(estimate);
    return lower <= truth && truth <= upper;
  });
  return held.length / estimates.length;
}

function normalLattice(count) {
  return Array.from({ length: count }, (_, index) => normalQuantile((index + 0.5) / count));
}

function boundedNormal({ true_value_over_sigma: truth }) {
  const estimates = normalLattice(6000).map((z) => truth + z);
  const clipped = (x) => ({ lower: Math.max(0, x - z95), upper: x + z95 });
  return {
    clipped_normal: coverage(estimates, truth, clipped),
    clipped_normal_empty_fraction: normalCdf(-z95 - truth),
    truncated_equal_tailed: coverage(estimates, truth, (x) => {
      const distribution = truncatedNormal(x, 1);
      return { lower: distribution.quantile(0.025), upper: distribution.quantile(0.975) };
    }),
    truncated_shortest: coverage(estimates, truth, shortest),
  };
}

/** Symmetric about the parent's mean while that lies above 0, else from 0 up. */
function shortest(x) {
  const k = normalQuantile((1 + 0.95 * normalCdf(x)) / 2);
  return x - k >= 0 ? { lower: x - k, upper: x + k } : { lower: 0, upper: truncatedNormal(x, 1).quantile(0.95) };
}

function switchedNormal({ true_value_over_sigma: truth, rule }) {
  if (!/1\.645.*equal-tailed truncated normal/.test(rule)) throw new Error(`the rule "${rule}" is not known`);
  const estimates = normalLattice(6000).map((z) => truth + z);
  const ours = (x) => analyticalTruncated({ energy: { mean: x, standardUncertainty: 1 }, factors: [] });
  return { coverage: coverage(estimates, truth, ours) };
}

const modelDraws = 12_000;

/** E normal, PUE = 1 + lognormal, I lognormal about their true values; the interval comes from the estimate alone. */
function productModel({ truth, u_energy_absolute: uE, sigma_ln_pue_excess: sP, sigma_ln_intensity: sI }) {
  const trueGrams = truth.E * truth.PUE * truth.I;
  const [rP, rI] = [relativeFromLnSigma(sP), relativeFromLnSigma(sI)];
  const estimates = latticeOfThree(modelDraws).map(([z1, z2, z3]) => ({
    energy: truth.E + uE * z1,
    pue: 1 + (truth.PUE - 1) * Math.exp(sP * z2),
    intensity: truth.I * Math.exp(sI * z3),
  }));
  const factorsOf = ({ pue, intensity }) => [
    { mean: pue, standardUncertainty: (pue - 1) * rP },
    { mean: intensity, standardUncertainty: intensity * rI },
  ];
  const around = (y, u) => ({ lower: Math.max(0, y - u), upper: y + u });
  const exactU = ({ energy, pue, intensity }) => {
    const square = (1 + (((pue - 1) * rP) / pue) ** 2) * (1 + rI ** 2);
    return pue * intensity * Math.sqrt((energy ** 2 + uE ** 2) * square - energy ** 2);
  };
  return {
    intensity_only_2sigma: coverage(estimates, trueGrams, (e) => {
      const y = e.energy * e.pue * e.intensity;
      return around(y, 2 * Math.abs(y) * rI);
    }),
    first_order_clipped: coverage(estimates, trueGrams, (e) => {
      const y = e.energy * e.pue * e.intensity;
      const parts = [uE * e.pue * e.intensity, e.energy * (e.pue - 1) * sP * e.intensity, y * sI];
      return around(y, z95 * Math.hypot(...parts));
    }),
    single_lognormal: coverage(estimates, trueGrams, (e) => {
      const y = e.energy * e.pue * e.intensity;
      if (y <= 0) return { lower: Number.NaN, upper: Number.NaN };
      // The estimate as its median: this is how the reference matched it.
      const distribution = { lnMedian: Math.log(y), lnSigma: lnSigmaFromRelative(exactU(e) / y) };
      return { lower: lognormalQuantile(distribution, 0.025), upper: lognormalQuantile(distribution, 0.975) };
    }),
    truncated_normal_times_lognormal_equal_tailed: equalTailedCoverage(estimates, trueGrams, uE, factorsOf),
  };
}

/**
 * Of the rule without its switch to an upper limit: an equal-tailed interval holds what lies between its two quantiles, so one distribution
 * function says it for an estimate, at a tenth of the cost of two quantiles.
 */
function equalTailedCoverage(estimates, truth, uE, factorsOf) {
  const held = estimates.filter((estimate) => {
    const variable = productVariable(truncatedNormal(estimate.energy, uE), productOfFactors(factorsOf(estimate)));
    const sum = { probability: 0, density: 0 };
    variable.addProbability(sum, truth, 1);
    const p = sum.probability;
    return p >= 0.025 && p <= 0.975;
  });
  return held.length / estimates.length;
}

/** Additive recurrence with the plastic number's powers (Roberts): evenly spread points of the unit cube, through the normal quantile. */
function latticeOfThree(count) {
  const root = 1.2207440846057596;
  const steps = [1, 2, 3].map((power) => root ** -power);
  return Array.from({ length: count }, (_, index) =>
    steps.map((step) => normalQuantile((0.5 + step * (index + 1)) % 1)),
  );
}

/** The sizes stand in the note: "100 equal tasks; ln-sigmas: gain .05, … (all shared), private .10." */
function dayTotal({ note }) {
  const count = Number(/(\d+) equal tasks/.exec(note)?.[1]);
  const [sharedText, privateText] =
    /ln-sigmas: (.*)\(all shared\), private (\.?\d+(?:\.\d+)?)/.exec(note)?.slice(1) ?? [];
  if (!(count > 0) || sharedText === undefined) throw new Error(`the note is not understood: ${note}`);
  const shared = [...sharedText.matchAll(/(\d*\.\d+)/g)].map(([text]) => Number(text));
  const privateLnSigma = Number(privateText);
  const task = {
    value: 1,
    components: new Map(shared.map((lnSigma, index) => [`source ${index}`, relativeFromLnSigma(lnSigma)])),
    privateUncertainty: relativeFromLnSigma(privateLnSigma),
  };
  const uOfTask = standardUncertaintyOf(task);
  const named = standardUncertaintyOf(sumOfSourced(new Array(count).fill(task)));
  // The truth of the total: what is shared is exactly lognormal, the mean of many private parts nearly normal about 1.
  const lnSigma = Math.hypot(...shared);
  const uOfMeanOfPrivate = relativeFromLnSigma(privateLnSigma) / Math.sqrt(count);
  const truths = latticeOfThree(60_000).map(
    ([z1, z2]) => count * Math.exp(lnSigma * z1 - lnSigma ** 2 / 2) * (1 + uOfMeanOfPrivate * z2),
  );
  const held = (u) => {
    const distribution = lognormalFromMean(count, u);
    const [lower, upper] = [lognormalQuantile(distribution, 0.025), lognormalQuantile(distribution, 0.975)];
    return truths.filter((truth) => truth >= lower && truth <= upper).length / truths.length;
  };
  return {
    quadrature_of_task_totals: held(uOfTask * Math.sqrt(count)),
    named_sources: held(named),
    linear_sum: held(uOfTask * count),
  };
}
