import { erfc, erfcx } from "./error-function.ts";
import { portableExp, portableLog } from "./portable-math.ts";

/** The standard normal distribution: density, tails and quantile. */

const sqrtTwoPi = Math.sqrt(2 * Math.PI);
const sqrtHalfPi = Math.sqrt(Math.PI / 2);

export function normalDensity(z: number): number {
  return portableExp(-0.5 * z * z) / sqrtTwoPi;
}

/** P(Z <= z). */
export function normalCdf(z: number): number {
  return erfc(-z / Math.SQRT2) / 2;
}

/** P(Z > z), exact to the last digits far out in the tail. */
export function normalUpperTail(z: number): number {
  return erfc(z / Math.SQRT2) / 2;
}

/** Density over upper tail, phi(z) / Q(z) (the inverse Mills ratio), for z where both underflow too. */
export function normalHazard(z: number): number {
  return Math.sqrt(2 / Math.PI) / erfcx(z / Math.SQRT2);
}

/** Upper tail over density, Q(z) / phi(z) (the Mills ratio), for z from 0 up. */
export function normalMills(z: number): number {
  return sqrtHalfPi * erfcx(z / Math.SQRT2);
}

/**
 * z with P(Z <= z) = p, to about 1e-15 relative. -Infinity at 0, Infinity at 1, NaN outside [0, 1].
 * Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  const fromCentre = p - 0.5;
  if (Math.abs(fromCentre) <= 0.425) return fromCentre * rational(central, 0.180625 - fromCentre * fromCentre);
  const tail = fromCentre < 0 ? p : 1 - p;
  if (tail === 0) return fromCentre < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const depth = Math.sqrt(-portableLog(tail));
  const size = depth <= 5 ? rational(nearTail, depth - 1.6) : rational(farTail, depth - 5);
  return fromCentre < 0 ? -size : size;
}

/** Numerator and denominator coefficients, constant term first. */
interface Rational {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

const central: Rational = {
  numerator: [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  denominator: [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852546,
  ],
};

const nearTail: Rational = {
  numerator: [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  denominator: [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
};

const farTail: Rational = {
  numerator: [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
  ],
  denominator: [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
};

function rational({ numerator, denominator }: Rational, x: number): number {
  return horner(numerator, x) / horner(denominator, x);
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let power = coefficients.length - 1; power >= 0; power -= 1) sum = sum * x + (coefficients[power] ?? 0);
  return sum;
}
