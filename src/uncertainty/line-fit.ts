import { CarbonOpsError } from "../errors.ts";

/** A straight line through points, intercept + slope (x - origin), by least squares (JCGM 100, H.3). */
export interface LineFit {
  readonly intercept: number;
  readonly slope: number;
  readonly interceptUncertainty: number;
  readonly slopeUncertainty: number;
  /** Of intercept and slope. */
  readonly correlation: number;
  /** Of one point about the line, with n - 2 degrees of freedom. */
  readonly standardDeviation: number;
}

/** Throws INPUT_INVALID for fewer than three points, or points that all have the same x. */
export function fitLine(x: readonly number[], y: readonly number[], origin: number): LineFit {
  const count = x.length;
  const meanX = sum(x) / count - origin;
  const meanY = sum(y) / count;
  const offsets = x.map((value) => value - origin - meanX);
  const squares = sum(offsets.map((offset) => offset * offset));
  if (!(count >= 3 && y.length === count && squares > 0)) {
    throw new CarbonOpsError("INPUT_INVALID", "A line needs three or more points, with at least two different x.");
  }
  const slope = sum(offsets.map((offset, index) => offset * ((y[index] ?? 0) - meanY))) / squares;
  const rests = offsets.map((offset, index) => (y[index] ?? 0) - meanY - slope * offset);
  const standardDeviation = Math.sqrt(sum(rests.map((rest) => rest * rest)) / (count - 2));
  const meanSquare = squares / count + meanX * meanX;
  return {
    intercept: meanY - slope * meanX,
    slope,
    interceptUncertainty: standardDeviation * Math.sqrt(meanSquare / squares),
    slopeUncertainty: standardDeviation / Math.sqrt(squares),
    correlation: -meanX / Math.sqrt(meanSquare),
    standardDeviation,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
