import { portableExp } from "./portable-math.ts";

/**
 * The complementary error function and its scaled form, to about 2e-15 relative.
 *
 * (1 + 2x) erfcx(x) is smooth and bounded in t = (x - 3.75) / (x + 3.75) for every x >= 0, so one Chebyshev series serves the
 * whole half-line (method: Shepherd and Laframboise, Math. Comp. 36 (1981) 249). Its coefficients were computed for this file
 * in 50-digit arithmetic, and those of the powers of t from them in exact fractions.
 */

const mapCentre = 3.75;

/** exp(x^2) erfc(x): of the order of 1/x where erfc itself underflows. Infinity below about -26.6. */
export function erfcx(x: number): number {
  if (x < 0) return 2 * expOfSquare(x, 1) - erfcx(-x);
  if (x === Number.POSITIVE_INFINITY) return 0;
  const t = (x - mapCentre) / (x + mapCentre);
  return smoothPart(t) / (1 + 2 * x);
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

/** The series in powers of t, its even and its odd part apart: two short chains of operations instead of one long one. */
function smoothPart(t: number): number {
  const u = t * t;
  let even = 4.2514714447963895e-10;
  even = even * u - 5.1739902140113095e-9;
  even = even * u + 3.867533424222236e-8;
  even = even * u - 2.586685071615589e-7;
  even = even * u + 1.751637648849062e-6;
  even = even * u - 1.1444146237700524e-5;
  even = even * u + 5.164909889268241e-5;
  even = even * u + 0.0002937136655913448;
  even = even * u - 0.009746579558029276;
  even = even * u - 0.05869339858963677;
  even = even * u - 0.10880393014174887;
  even = even * u + 0.003585415485464436;
  even = even * u + 1.2375126308378275;
  let odd = 3.111433380979925e-10;
  odd = odd * u - 3.744210080962018e-9;
  odd = odd * u + 2.3263508708859124e-8;
  odd = odd * u - 5.721823060322409e-8;
  odd = odd * u - 9.735598967367748e-7;
  odd = odd * u + 2.2384239155082227e-5;
  odd = odd * u - 0.00029015408054084167;
  odd = odd * u + 0.0017556258528952952;
  odd = odd * u + 0.028362277418956403;
  odd = odd * u + 0.09230432116037748;
  odd = odd * u + 0.08227673849014522;
  odd = odd * u - 0.14024059858554697;
  return even + t * odd;
}
