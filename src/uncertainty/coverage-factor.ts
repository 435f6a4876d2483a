import { CarbonOpsError } from "../errors.ts";
import { studentTQuantile } from "./student-t.ts";

/** Factors k for the expanded uncertainty U = k u that holds with a stated probability, two-sided, by the shape of the result. */

/**
 * For a normal result whose u has effective degrees of freedom: k = t_(1+level)/2(nu), nu truncated to a whole number (JCGM 100,
 * G.4.1), or the normal quantile where it is null. k = 2 is 95.45 %, not 95 %.
 */
export function coverageFactor(level: number, degreesOfFreedom: number | null): number {
  checkLevel(level);
  if (degreesOfFreedom !== null && !(degreesOfFreedom > 0)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `The number of degrees of freedom is ${degreesOfFreedom}, but must be above 0, or null.`,
    );
  }
  // Below 1 nothing would be left of it.
  const truncated = degreesOfFreedom === null ? Infinity : Math.trunc(degreesOfFreedom) || degreesOfFreedom;
  return studentTQuantile((1 + level) / 2, truncated);
}

/** For a result dominated by one rectangular input: k = level sqrt(3), 1.645 at 95 % (EA-4/02, S9). */
export function rectangularCoverageFactor(level: number): number {
  checkLevel(level);
  return level * Math.sqrt(3);
}

/**
 * For a result dominated by two rectangular inputs: the sum is a trapezoid (EA-4/02, S10 and S11). 1.645 where one half-width is 0, 1.902
 * where they are equal, at 95 %.
 */
export function trapezoidalCoverageFactor(level: number, halfWidth: number, otherHalfWidth: number): number {
  checkLevel(level);
  const sum = halfWidth + otherHalfWidth;
  if (!(halfWidth >= 0 && otherHalfWidth >= 0 && sum > 0 && sum < Infinity)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `The half-widths are ${halfWidth} and ${otherHalfWidth}, but must be finite, 0 or more, and not both 0.`,
    );
  }
  const beta = Math.abs(halfWidth - otherHalfWidth) / sum;
  const isInSlope = beta <= level / (2 - level);
  const half = isInSlope ? 1 - Math.sqrt((1 - level) * (1 - beta * beta)) : (level * (1 + beta)) / 2;
  return half / Math.sqrt((1 + beta * beta) / 6);
}

function checkLevel(level: number): void {
  if (level > 0 && level < 1) return;
  throw new CarbonOpsError("INPUT_INVALID", `The level is ${level}, but must be a number between 0 and 1.`);
}
