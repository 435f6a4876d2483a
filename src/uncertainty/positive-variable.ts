import type { FactorProduct, ScoredProduct } from "./factor.ts";
import {
  type Lognormal,
  lognormalFromMean,
  lognormalMean,
  lognormalQuantile,
  relativeFromLnSigma,
} from "./lognormal.ts";
import { normalDensity, normalMills, normalQuantile, normalUpperTail } from "./normal.ts";
import { portableExp, portableLog } from "./portable-math.ts";
import { gaussHermite, gaussLegendre, onceNeeded } from "./quadrature.ts";
import { type LogarithmOfScore, lnOfLognormal, type ScoreTable, scoreAt, type Tangent } from "./score-table.ts";
import type { ProbabilitySum, TruncatedNormal } from "./truncated-normal.ts";

/** A random quantity above 0, known by its moments and its distribution function. */
export interface PositiveVariable {
  readonly mean: number;
  readonly standardDeviation: number;
  /** Adds weight times P(X <= x), and weight times the density at x, to the sum. */
  addProbability(sum: ProbabilitySum, x: number, weight: number): void;
  readonly quantile: (p: number) => number;
  /** For a lognormal its parameters, so that sums need not look for its quantiles. */
  readonly lognormal?: Lognormal;
}

export function constant(value: number): PositiveVariable {
  return {
    mean: value,
    standardDeviation: 0,
    addProbability: (sum, x, weight) => {
      if (x >= value) sum.probability += weight;
    },
    quantile: () => value,
  };
}

export function lognormalVariable(distribution: Lognormal): PositiveVariable {
  const mean = lognormalMean(distribution);
  const { lnMedian, lnSigma } = distribution;
  if (lnSigma === 0) return constant(mean);
  return {
    mean,
    standardDeviation: mean * relativeFromLnSigma(lnSigma),
    addProbability: (sum, x, weight) => {
      if (x > 0) addNormal(sum, (portableLog(x) - lnMedian) / lnSigma, weight, weight / (lnSigma * x));
    },
    quantile: (p) => lognormalQuantile(distribution, p),
    lognormal: distribution,
  };
}

/** Adds weight times P(Z <= z) and scale times the normal density at z. */
function addNormal(sum: ProbabilitySum, z: number, weight: number, scale: number): void {
  if (z < -normalReach) return;
  if (z > normalReach) {
    sum.probability += weight;
    return;
  }
  const density = normalDensity(z);
  const outer = density * normalMills(Math.abs(z));
  sum.probability += weight * (z < 0 ? outer : 1 - outer);
  sum.density += scale * density;
}

/** A positive variable by its table of normal numbers, multiplied by an exact value. */
export function scoredVariable(
  { mean, standardUncertainty, scored }: ScoredProduct,
  multiplier: number,
): PositiveVariable {
  const lnMultiplier = portableLog(multiplier);
  const at: Tangent = { value: 0, slope: 0 };
  return {
    mean: multiplier * mean,
    standardDeviation: multiplier * standardUncertainty,
    addProbability: (sum, x, weight) => {
      if (!(x > 0)) return;
      scoreAt(scored.table, portableLog(x) - lnMultiplier, 0, at);
      addNormal(sum, at.value, weight, (weight * at.slope) / x);
    },
    quantile: (p) => {
      scored.logarithm(normalQuantile(p), at);
      return multiplier * portableExp(at.value);
    },
  };
}

/** A truncated normal times a product of factors, which is a lognormal where it has no table. */
export function productVariable(energy: TruncatedNormal, factor: FactorProduct): PositiveVariable {
  if (factor.standardUncertainty === 0) return scaledEnergy(energy, factor.mean);
  const mean = energy.mean * factor.mean;
  const distribution = lognormalFromMean(factor.mean, factor.standardUncertainty);
  // r^2 = r1^2 + r2^2 + r1^2 r2^2 for independent factors; a mean square minus a squared mean loses every digit of small ones.
  const [r1, r2] = [energy.standardDeviation / energy.mean, factor.standardUncertainty / factor.mean];
  const ratio = Math.max(energy.parentMean / energy.parentSigma, 1);
  // Averaging over the narrower of the two leaves a smooth integrand. Up to twice its width the factor's nodes still serve better: those of
  // the energy are too far apart for what happens near 0.
  const isFactorNarrow = distribution.lnSigma * ratio <= 2;
  return solved({
    mean,
    standardDeviation: mean * Math.hypot(r1, r2, r1 * r2),
    addProbability: isFactorNarrow
      ? overFactor(energy, factor.scored?.logarithm ?? lnOfLognormal(distribution))
      : overEnergy(energy, factor.scored?.table ?? distribution),
  });
}

type AddProbability = PositiveVariable["addProbability"];

/** E[F(x / factor)], the factor's normal number at the nodes of Gauss and Hermite. */
function overFactor(energy: TruncatedNormal, logarithm: LogarithmOfScore): AddProbability {
  const nodes = hermiteNodes();
  const at: Tangent = { value: 0, slope: 0 };
  const inverses = Float64Array.from(nodes, ({ x }) => {
    logarithm(x, at);
    return 1 / portableExp(at.value);
  });
  const weights = Float64Array.from(nodes, ({ weight }) => weight);
  return (sum, x, weight) => {
    if (!(x > 0)) return;
    for (let index = 0; index < inverses.length; index += 1) {
      const inverse = inverses[index] ?? 0;
      const ownWeight = weight * (weights[index] ?? 0);
      energy.addProbability(sum, x * inverse, ownWeight, ownWeight * inverse);
    }
  };
}

/** E[P(factor <= x / energy)], the energy at the nodes of Gauss and Legendre where its density matters. */
function overEnergy(energy: TruncatedNormal, factor: ScoreTable | Lognormal): AddProbability {
  const low = Math.max(0, energy.parentMean - normalReach * energy.parentSigma);
  const halfWidth = (energyReach(energy) - low) / 2;
  const nodes = legendreNodes();
  const energies = Float64Array.from(nodes, ({ x }) => low + halfWidth * (1 + x));
  const weights = Float64Array.from(
    nodes,
    ({ weight }, index) => weight * halfWidth * energy.density(energies[index] ?? 0),
  );
  const logarithms = energies.map((value) => portableLog(value));
  return "scores" in factor ? overScores(logarithms, weights, factor) : overLogarithms(logarithms, weights, factor);
}

/** The energies fall from node to node: one walk through the table serves all. */
function overScores(lnEnergies: Float64Array, weights: Float64Array, factor: ScoreTable): AddProbability {
  const at: Tangent = { value: 0, slope: 0 };
  return (sum, x, weight) => {
    if (!(x > 0)) return;
    const lnX = portableLog(x);
    for (let index = 0, place = 0; index < lnEnergies.length; index += 1) {
      place = scoreAt(factor, lnX - (lnEnergies[index] ?? 0), place, at);
      const ownWeight = weight * (weights[index] ?? 0);
      addNormal(sum, at.value, ownWeight, (ownWeight * at.slope) / x);
    }
  };
}

/** One logarithm of x serves all nodes. */
function overLogarithms(
  lnEnergies: Float64Array,
  weights: Float64Array,
  { lnMedian, lnSigma }: Lognormal,
): AddProbability {
  const offsets = lnEnergies.map((logarithm) => (logarithm + lnMedian) / lnSigma);
  return (sum, x, weight) => {
    if (!(x > 0)) return;
    const z = portableLog(x) / lnSigma;
    const scale = 1 / (lnSigma * x);
    for (let index = 0; index < offsets.length; index += 1) {
      const ownWeight = weight * (weights[index] ?? 0);
      addNormal(sum, z - (offsets[index] ?? 0), ownWeight, ownWeight * scale);
    }
  };
}

/** Where the density has fallen by exp(-reach^2/2) from its highest value: d (alpha + d/2) = reach^2/2 below zero. */
function energyReach({ parentMean, parentSigma }: TruncatedNormal): number {
  if (parentMean >= 0) return parentMean + normalReach * parentSigma;
  const alpha = -parentMean / parentSigma;
  return (parentSigma * normalReach ** 2) / (alpha + Math.hypot(alpha, normalReach));
}

function scaledEnergy(energy: TruncatedNormal, multiplier: number): PositiveVariable {
  return {
    mean: energy.mean * multiplier,
    standardDeviation: energy.standardDeviation * multiplier,
    addProbability: (sum, x, weight) => energy.addProbability(sum, x / multiplier, weight, weight / multiplier),
    quantile: (p) => energy.quantile(p) * multiplier,
  };
}

/** The sum of two independent variables, averaged over the narrower one. */
export function sumVariable(left: PositiveVariable, right: PositiveVariable): PositiveVariable {
  const [narrow, wide] = widthOf(left) < widthOf(right) ? [left, right] : [right, left];
  if (narrow.standardDeviation === 0) return shifted(wide, narrow.mean);
  return solved({
    mean: left.mean + right.mean,
    standardDeviation: Math.hypot(left.standardDeviation, right.standardDeviation),
    addProbability:
      narrow.lognormal === undefined ? overQuantiles(narrow, wide) : overLognormal(narrow.lognormal, wide),
  });
}

/** Up to twice the other one's width a lognormal serves better: its integral ends where nothing is left for the other. */
function widthOf({ standardDeviation, lognormal }: PositiveVariable): number {
  return lognormal === undefined ? standardDeviation : standardDeviation / 2;
}

function shifted(variable: PositiveVariable, shift: number): PositiveVariable {
  return {
    mean: shift + variable.mean,
    standardDeviation: variable.standardDeviation,
    addProbability: (sum, x, weight) => variable.addProbability(sum, x - shift, weight),
    quantile: (p) => shift + variable.quantile(p),
  };
}

/** Up to where nothing is left for the other one, whose distribution function may begin with a kink. */
function overLognormal({ lnMedian, lnSigma }: Lognormal, wide: PositiveVariable): AddProbability {
  const nodes = addendNodes();
  return (sum, x, weight) => {
    if (!(x > 0)) return;
    const high = Math.min(addendReach, (portableLog(x) - lnMedian) / lnSigma);
    const halfWidth = (high + addendReach) / 2;
    if (halfWidth <= 0) return;
    for (const node of nodes) {
      const z = halfWidth * (1 + node.x) - addendReach;
      const ownWeight = weight * halfWidth * node.weight * normalDensity(z);
      wide.addProbability(sum, x - portableExp(lnMedian + lnSigma * z), ownWeight);
    }
  };
}

/** The narrower one by its quantiles at equal steps of a normal number: nodes that serve every x. */
function overQuantiles(narrow: PositiveVariable, wide: PositiveVariable): AddProbability {
  const nodes = legendreNodes();
  const values = Float64Array.from(nodes, ({ x }) => narrow.quantile(1 - normalUpperTail(addendReach * x)));
  const weights = Float64Array.from(nodes, ({ x, weight }) => weight * addendReach * normalDensity(addendReach * x));
  return (sum, x, weight) => {
    for (let index = 0; index < values.length; index += 1) {
      const rest = x - (values[index] ?? 0);
      if (rest > 0) wide.addProbability(sum, rest, weight * (weights[index] ?? 0));
    }
  };
}

/** A variable whose quantiles are found from its distribution function. */
function solved(variable: Omit<PositiveVariable, "quantile">): PositiveVariable {
  return { ...variable, quantile: (p) => quantileOf(variable, p) };
}

const mostSteps = 100;

/**
 * Newton's method for the normal number that belongs to the probability, as a function of ln x: of a lognormal it is a straight
 * line, and of what is nearly one it takes three or four steps. A step that leaves what is known to hold the root is replaced.
 */
function quantileOf(variable: Omit<PositiveVariable, "quantile">, p: number): number {
  const wanted = normalQuantile(p);
  const { lnMedian, lnSigma } = lognormalFromMean(variable.mean, variable.standardDeviation);
  const precision = Math.max(1e-7 * Math.min(1, lnSigma), 1e-15 * Math.abs(lnMedian));
  const sum: ProbabilitySum = { probability: 0, density: 0 };
  let lnX = lnMedian + lnSigma * wanted;
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let step = 0, reach = lnSigma; step < mostSteps; step += 1, reach *= 2) {
    const x = portableExp(lnX);
    [sum.probability, sum.density] = [0, 0];
    variable.addProbability(sum, x, 1);
    const isBelow = sum.probability < p;
    if (isBelow) low = lnX;
    else high = lnX;
    const z = normalQuantile(Math.min(sum.probability, 1));
    const next = lnX + ((wanted - z) * normalDensity(z)) / (sum.density * x);
    // Newton's error after a step is of the order of the step's square.
    if (Math.abs(next - lnX) <= precision) return portableExp(next);
    if (next > low && next < high) lnX = next;
    else if (high - low < Number.POSITIVE_INFINITY) lnX = (low + high) / 2;
    else lnX += isBelow ? reach : -reach;
    if (high - low <= 1e-15 * Math.abs(lnX)) break;
  }
  return portableExp(lnX);
}

/** Beyond this many standard deviations a normal distribution holds less than 2e-17. */
const normalReach = 8.5;
/** And beyond this many 1e-9: enough for what is averaged over once more. */
const addendReach = 6;

// With these numbers quantiles agree with those of twice as many nodes to 1e-7 as a rule, and to 2e-5 for a 99 % interval of factors of 80 %.
const hermiteNodes = onceNeeded(() => gaussHermite(64).filter(({ weight }) => weight > 1e-17));
const legendreNodes = onceNeeded(() => gaussLegendre(48));
const addendNodes = onceNeeded(() => gaussLegendre(40));
