import { increasingRoot } from "./bracketing-root.ts";
import { logGamma } from "./incomplete-beta.ts";
import { normalQuantile } from "./normal.ts";

/** The gamma distribution of scale 1: what sums of positive increments and Poisson-like counts follow. */

/** x with P(X <= x) = p, for p in [0, 1]; NaN outside. */
export function gammaQuantile(shape: number, p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0) return 0;
  if (p === 1) return Number.POSITIVE_INFINITY;
  const start = Math.log(startingPoint(shape, p));
  // In ln x, and by the logarithm of the smaller tail, the root has the same relative accuracy wherever it lies.
  const excess = (lnX: number): number => {
    const { lower, upper } = gammaTails(shape, Math.exp(lnX));
    return p < 0.5 ? Math.log(lower / p) : Math.log((1 - p) / upper);
  };
  return Math.exp(increasingRoot(excess, start, 1 / Math.sqrt(shape + 1)));
}

/** Wilson and Hilferty's cube of a normal, or the leading term of the series where that is not above 0. */
function startingPoint(shape: number, p: number): number {
  const ninth = 1 / (9 * shape);
  const cubeRoot = 1 - ninth + normalQuantile(p) * Math.sqrt(ninth);
  if (shape >= 0.5 && cubeRoot > 0.1) return shape * cubeRoot * cubeRoot * cubeRoot;
  return Math.max(1e-300, Math.exp((Math.log(p) + logGamma(shape + 1)) / shape));
}

/** Both tails; the smaller one is computed, so that neither loses digits to the other. */
function gammaTails(shape: number, x: number): { readonly lower: number; readonly upper: number } {
  if (x <= 0) return { lower: 0, upper: 1 };
  if (x === Number.POSITIVE_INFINITY) return { lower: 1, upper: 0 };
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    const lower = front * series(shape, x);
    return { lower, upper: 1 - lower };
  }
  const upper = front * continuedFraction(shape, x);
  return { lower: 1 - upper, upper };
}

/** Abramowitz and Stegun, 6.5.29. */
function series(shape: number, x: number): number {
  let term = 1 / shape;
  let sum = term;
  for (let n = 1; n < 1_000_000 && term > 1e-17 * sum; n += 1) {
    term *= x / (shape + n);
    sum += term;
  }
  return sum;
}

/** Abramowitz and Stegun, 6.5.31, in its even form, by Lentz's method. */
function continuedFraction(shape: number, x: number): number {
  let b = x + 1 - shape;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 1_000_000; n += 1) {
    b += 2;
    const a = n * (shape - n);
    d = 1 / (a * d + b);
    c = b + a / c;
    fraction *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return fraction;
}
