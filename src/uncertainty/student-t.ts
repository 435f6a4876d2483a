import { increasingRoot } from "./bracketing-root.ts";
import { betaTails } from "./incomplete-beta.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { gaussLegendre, type QuadratureNode } from "./quadrature.ts";

/** Student's t distribution, central and non-central; degrees of freedom above 0 need not be whole, Infinity is the normal. */

/** P(|T| > |t|). */
export function studentTTwoSidedTail(t: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom === Number.POSITIVE_INFINITY) return 2 * normalCdf(-Math.abs(t));
  return tailsOf(Math.abs(t), degreesOfFreedom).outside;
}

/** P(T <= t). */
export function studentTCdf(t: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom === Number.POSITIVE_INFINITY) return normalCdf(t);
  const { inside, outside } = tailsOf(Math.abs(t), degreesOfFreedom);
  return t < 0 ? outside / 2 : 0.5 + inside / 2;
}

/** t with P(T <= t) = p; NaN outside [0, 1]. */
export function studentTQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (degreesOfFreedom === Number.POSITIVE_INFINITY || p === 0 || p === 1) return normalQuantile(p);
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  // In ln t the tail's logarithm is nearly straight, and t is found to the same relative accuracy at every size.
  const lnT = increasingRoot(
    (x) => lnExcess(Math.exp(x), degreesOfFreedom, 2 * tail),
    Math.log(-normalQuantile(tail)),
    1,
  );
  return p < 0.5 ? -Math.exp(lnT) : Math.exp(lnT);
}

/** ln(target / outside): increases with t. Near the centre it is taken from what lies inside, which keeps its digits. */
function lnExcess(t: number, degreesOfFreedom: number, target: number): number {
  const { inside, outside } = tailsOf(t, degreesOfFreedom);
  return Math.log(target) - (inside < 0.5 ? Math.log1p(-inside) : Math.log(Math.max(outside, Number.MIN_VALUE)));
}

/** P(|T| <= t) and its complement, by the incomplete beta function (Abramowitz and Stegun, 26.7.1). */
function tailsOf(t: number, degreesOfFreedom: number): { readonly inside: number; readonly outside: number } {
  const square = t * t;
  const x = square === Number.POSITIVE_INFINITY ? 0 : degreesOfFreedom / (degreesOfFreedom + square);
  const oneMinusX = square === Number.POSITIVE_INFINITY ? 1 : square / (degreesOfFreedom + square);
  const { lower, upper } = betaTails({ x, oneMinusX, a: degreesOfFreedom / 2, b: 0.5 });
  return { inside: upper, outside: lower };
}

/**
 * P(T <= t) of the non-central t: T = (Z + noncentrality) / S with S^2 = chi-square / degrees of freedom. The normal probability is
 * averaged over S by Gauss-Legendre quadrature; the density is normalised by the same sum, so its constant is not needed.
 */
export function noncentralTCdf(t: number, degreesOfFreedom: number, noncentrality: number): number {
  if (degreesOfFreedom === Number.POSITIVE_INFINITY) return normalCdf(t - noncentrality);
  nodes ??= gaussLegendre(48);
  const spread = reach / Math.sqrt(2 * degreesOfFreedom);
  const low = Math.max(0, 1 - spread);
  const panelWidth = (1 + spread * 1.5 - low) / panels;
  let weightSum = 0;
  let sum = 0;
  for (let panel = 0; panel < panels; panel += 1) {
    for (const { x, weight } of nodes) {
      const s = low + panelWidth * (panel + (1 + x) / 2);
      // Relative to the density at s = 1, so that nothing underflows for many degrees of freedom.
      const density = weight * Math.exp((degreesOfFreedom - 1) * Math.log(s) + (degreesOfFreedom * (1 - s * s)) / 2);
      weightSum += density;
      sum += density * normalCdf(t * s - noncentrality);
    }
  }
  return sum / weightSum;
}

/** Beyond this many standard deviations of S there is less than 1e-16. */
const reach = 9;
const panels = 6;
let nodes: readonly QuadratureNode[] | null = null;
