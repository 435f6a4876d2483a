import type { Lognormal } from "./lognormal.ts";
import { normalDensity, normalMills, normalQuantile } from "./normal.ts";
import { portableExp, portableLog } from "./portable-math.ts";
import { gaussHermite, onceNeeded } from "./quadrature.ts";

/** A function's value and slope at a place: written into one object, so that loops allocate nothing. */
export interface Tangent {
  value: number;
  slope: number;
}

/** ln of a quantity above 0 as an increasing function of a standard normal number: its quantiles. */
export type LogarithmOfScore = (z: number, at: Tangent) => void;

export function lnOfLognormal({ lnMedian, lnSigma }: Lognormal): LogarithmOfScore {
  return (z, at) => {
    at.value = lnMedian + lnSigma * z;
    at.slope = lnSigma;
  };
}

/** A lognormal on top of a lowest value, above 0. */
export function lnOfShifted(lowest: number, { lnMedian, lnSigma }: Lognormal): LogarithmOfScore {
  return (z, at) => {
    const excess = portableExp(lnMedian + lnSigma * z);
    at.value = portableLog(lowest + excess);
    at.slope = (lnSigma * excess) / (lowest + excess);
  };
}

/** The normal number with the same distribution function, at rising values of ln x: what stands between follows by cubics. */
export interface ScoreTable {
  readonly logarithms: Float64Array;
  readonly scores: Float64Array;
  /** Derivatives of the normal number with respect to ln x. */
  readonly slopes: Float64Array;
}

// With these numbers normal numbers up to 2.6, the ends of a 99 % interval, are right to 3e-5 where ln(excess) scatters by up to 0.5, and to
// 1e-3 where it does by 1.
const tableReach = 7.2;
const tableSteps = 38;
/** Nothing is left of a normal distribution out there, and Newton's steps end there. */
const farthestScore = 10;
const mostSteps = 40;
const nodesAcross = onceNeeded(() => gaussHermite(16));

/**
 * The product of two independent quantities. Its distribution function is the mean of Phi(t(v)), v standard normal: the plane of the two normal
 * numbers is turned until one axis crosses the lines of equal product at its centre, and t(v) is where the line of x lies at a distance v along
 * the other axis. Of lognormals t is constant; of what is nearly lognormal it is smooth, however unequal the two are.
 */
export function scoreTableOfProduct(left: LogarithmOfScore, right: LogarithmOfScore): ScoreTable {
  const nodes = nodesAcross();
  const logarithms = new Float64Array(tableSteps + 1);
  const scores = new Float64Array(tableSteps + 1);
  const slopes = new Float64Array(tableSteps + 1);
  const [ofLeft, ofRight]: [Tangent, Tangent] = [
    { value: 0, slope: 0 },
    { value: 0, slope: 0 },
  ];
  left(0, ofLeft);
  right(0, ofRight);
  const size = Math.sqrt(ofLeft.slope * ofLeft.slope + ofRight.slope * ofRight.slope);
  const [cosine, sine] = [ofLeft.slope / size, ofRight.slope / size];
  const places = new Float64Array(nodes.length);
  const rates = new Float64Array(nodes.length);
  for (let index = 0, before = 0; index <= tableSteps; index += 1) {
    const score = tableReach * ((2 * index) / tableSteps - 1);
    left(score * cosine, ofLeft);
    right(score * sine, ofRight);
    const wanted = ofLeft.value + ofRight.value;
    let [tail, density] = [0, 0];
    for (let node = 0; node < nodes.length; node += 1) {
      const across = nodes[node]?.x ?? 0;
      const weight = nodes[node]?.weight ?? 0;
      let t = index === 0 ? score : clamped((places[node] ?? 0) + (wanted - before) * (rates[node] ?? 0));
      let slope = 0;
      for (let step = 0; step < mostSteps; step += 1) {
        left(t * cosine - across * sine, ofLeft);
        right(t * sine + across * cosine, ofRight);
        slope = ofLeft.slope * cosine + ofRight.slope * sine;
        const next = clamped(t + (wanted - ofLeft.value - ofRight.value) / slope);
        const change = Math.abs(next - t);
        t = next;
        // Newton's error after a step is of the order of the step's square.
        if (change <= 1e-3) break;
      }
      places[node] = t;
      rates[node] = 1 / slope;
      const height = normalDensity(t);
      const outer = height * normalMills(Math.abs(t));
      tail += weight * (t <= 0 === score <= 0 ? outer : 1 - outer);
      density += (weight * height) / slope;
    }
    const z = score <= 0 ? normalQuantile(tail) : -normalQuantile(tail);
    logarithms[index] = wanted;
    scores[index] = z;
    slopes[index] = density / normalDensity(z);
    before = wanted;
  }
  return { logarithms, scores, slopes };
}

function clamped(t: number): number {
  return Math.max(-farthestScore, Math.min(farthestScore, t));
}

/** Quantiles from the table: the same cubics with the axes exchanged. */
export function lnOfTable({ logarithms, scores, slopes }: ScoreTable): LogarithmOfScore {
  const inverseSlopes = slopes.map((slope) => 1 / slope);
  return (z, at) => {
    interpolate(scores, logarithms, inverseSlopes, placeOf(scores, z, 0), z, at);
  };
}

/** The normal number at ln x. @returns the place in the table, from which a search nearby begins */
export function scoreAt(
  { logarithms, scores, slopes }: ScoreTable,
  lnX: number,
  startingFrom: number,
  at: Tangent,
): number {
  const place = placeOf(logarithms, lnX, startingFrom);
  interpolate(logarithms, scores, slopes, place, lnX, at);
  return place;
}

function placeOf(xs: Float64Array, x: number, startingFrom: number): number {
  let place = startingFrom;
  while (place < xs.length - 2 && x > (xs[place + 1] ?? 0)) place += 1;
  while (place > 0 && x < (xs[place] ?? 0)) place -= 1;
  return place;
}

/** Hermite's cubic between two places of the table; beyond its ends a straight line. */
function interpolate(
  xs: Float64Array,
  ys: Float64Array,
  slopes: Float64Array,
  place: number,
  x: number,
  at: Tangent,
): void {
  const [x0, y0, slope0] = [xs[place] ?? 0, ys[place] ?? 0, slopes[place] ?? 0];
  const [x1, y1, slope1] = [xs[place + 1] ?? 0, ys[place + 1] ?? 0, slopes[place + 1] ?? 0];
  if (x < x0 || x > x1) {
    at.slope = x < x0 ? slope0 : slope1;
    at.value = x < x0 ? y0 + (x - x0) * slope0 : y1 + (x - x1) * slope1;
    return;
  }
  const width = x1 - x0;
  const part = (x - x0) / width;
  const secant = (y1 - y0) / width;
  const square = 3 * secant - 2 * slope0 - slope1;
  const cube = slope0 + slope1 - 2 * secant;
  at.value = y0 + (x - x0) * (slope0 + part * (square + part * cube));
  at.slope = slope0 + part * (2 * square + 3 * part * cube);
}
