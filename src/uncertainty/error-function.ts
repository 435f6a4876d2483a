import { portableExp } from "./portable-math.ts";

/**
 * The complementary error function and its scaled form, to about 2e-15 relative.
 *
 * (1 + 2x) erfcx(x) is smooth and bounded in t = (x - 3.75) / (x + 3.75) for every x >= 0, so one Chebyshev series serves the
 * whole half-line (method: Shepherd and Laframboise, Math. Comp. 36 (1981) 249). The coefficients were computed for this file
 * in 50-digit arithmetic.
 */

const mapCentre = 3.75;

const chebyshevCoefficients: readonly number[] = [
  2.3551578691348034, -0.004590054580646478, -0.08424913336651792, 0.05920993999819189, -0.026658668435305753,
  0.009074997670705265, -0.002413163540417608, 0.0004907758365258086, -0.00006916973302501207, 0.00000413902798607301,
  7.74038306619849e-7, -2.1886401049234394e-7, 1.0764999465670912e-8, 4.521959811218287e-9, -7.754400208831351e-10,
  -6.318088340886684e-11, 2.86879501093067e-11, 1.9455868545777347e-13, -9.65469674843344e-13, 3.25254814814874e-14,
  3.3478119482868056e-14, -1.864562880419313e-15, -1.2507950530688648e-15, 7.418235256624043e-17, 5.068148904796111e-17,
];

/** exp(x^2) erfc(x): of the order of 1/x where erfc itself underflows. Infinity below about -26.6. */
export function erfcx(x: number): number {
  if (x < 0) return 2 * expOfSquare(x, 1) - erfcx(-x);
  if (x === Number.POSITIVE_INFINITY) return 0;
  const t = (x - mapCentre) / (x + mapCentre);
  return chebyshevSum(t) / (1 + 2 * x);
}

/** 1 - erf(x), without cancellation for large x. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x > 27 ? 0 : expOfSquare(x, -1) * erfcx(x);
}

/** exp(sign * x^2); x^2 is split, because its rounding error would be multiplied by up to 700. */
function expOfSquare(x: number, sign: 1 | -1): number {
  const head = Math.trunc(x * 16) / 16;
  return portableExp(sign * head * head) * portableExp(sign * (x - head) * (x + head));
}

/** Clenshaw's recurrence. */
function chebyshevSum(t: number): number {
  let next = 0;
  let afterNext = 0;
  for (let degree = chebyshevCoefficients.length - 1; degree >= 1; degree -= 1) {
    const current = (chebyshevCoefficients[degree] ?? 0) + 2 * t * next - afterNext;
    afterNext = next;
    next = current;
  }
  return (chebyshevCoefficients[0] ?? 0) / 2 + t * next - afterNext;
}
