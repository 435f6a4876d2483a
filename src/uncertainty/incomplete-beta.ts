/** The regularised incomplete beta function I_x(a, b), both tails, to about 1e-14 relative. */

export interface BetaArguments {
  readonly x: number;
  /** 1 - x, given apart because it may be far smaller than the rounding of x. */
  readonly oneMinusX: number;
  readonly a: number;
  readonly b: number;
}

/** lower = I_x(a, b), upper = 1 - lower: the smaller one is computed, neither loses digits to the other. */
export function betaTails({ x, oneMinusX, a, b }: BetaArguments): { readonly lower: number; readonly upper: number } {
  if (x <= 0) return { lower: 0, upper: 1 };
  if (oneMinusX <= 0) return { lower: 1, upper: 0 };
  const front = Math.exp(a * logOf(x, oneMinusX) + b * logOf(oneMinusX, x) - logBeta(a, b));
  // The fraction converges fast below the mean of the distribution.
  if (x < (a + 1) / (a + b + 2)) {
    const lower = (front * continuedFraction(x, a, b)) / a;
    return { lower, upper: 1 - lower };
  }
  const upper = (front * continuedFraction(oneMinusX, b, a)) / b;
  return { lower: 1 - upper, upper };
}

function logOf(value: number, complement: number): number {
  return value > 0.5 ? Math.log1p(-complement) : Math.log(value);
}

const smallest = 1e-300;

/** Abramowitz and Stegun, 26.5.8, by Lentz's method. It needs of the order of sqrt(max(a, b)) terms. */
function continuedFraction(x: number, a: number, b: number): number {
  const awayFromZero = (value: number): number => (Math.abs(value) < smallest ? smallest : value);
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 100_000; m += 1) {
    for (const coefficient of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / awayFromZero(1 + coefficient * d);
      c = awayFromZero(1 + coefficient / c);
      fraction *= d * c;
    }
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction;
}

/** ln B(a, b); for a large and a small argument without the cancellation of two large log-gammas. */
function logBeta(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  if (large < shiftTo) return logGamma(small) + logGamma(large) - logGamma(small + large);
  // ln Gamma(large) - ln Gamma(large + small) from Stirling's series, term by term.
  const sum = large + small;
  const difference =
    (large - 0.5) * -Math.log1p(small / large) -
    small * Math.log(sum) +
    small +
    stirlingRest(large) -
    stirlingRest(sum);
  return logGamma(small) + difference;
}

const shiftTo = 15;

/** ln Gamma(x), x > 0, by Stirling's series (Abramowitz and Stegun, 6.1.41) after the recurrence has made x large. */
export function logGamma(x: number): number {
  let factor = 1;
  let large = x;
  while (large < shiftTo) {
    factor *= large;
    large += 1;
  }
  return (large - 0.5) * Math.log(large) - large + Math.log(2 * Math.PI) / 2 + stirlingRest(large) - Math.log(factor);
}

function stirlingRest(x: number): number {
  const inverseSquare = 1 / (x * x);
  const series = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156];
  return series.reduceRight((sum, coefficient) => sum * inverseSquare + coefficient, 0) / x;
}
