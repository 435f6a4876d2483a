import { CarbonOpsError } from "../errors.ts";

/** Throws INPUT_INVALID for NaN and infinities, which would go on as if they were figures. */
export function checkFinite(name: string, value: number): void {
  if (!Number.isFinite(value)) throw misfit(name, value, "a finite number");
}

/** Throws INPUT_INVALID for what is not a finite number above 0. */
export function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) throw misfit(name, value, "a finite number above 0");
}

/** Throws INPUT_INVALID for what is not a finite number of 0 or more; 0 is exact. */
export function checkSpread(name: string, value: number): void {
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
    throw misfit(name, value, "a finite number, 0 (exact) or more");
}

/** Throws INPUT_INVALID for what is not a number from -1 to 1. */
export function checkCorrelation(name: string, value: number): void {
  if (!(value >= -1 && value <= 1)) throw misfit(name, value, "a number from -1 to 1");
}

/** Throws INPUT_INVALID for what is not a number between 0 and 1. */
export function checkLevel(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw misfit(name, value, "a number between 0 and 1");
}

function misfit(name: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${name} is ${value}, but must be ${allowed}.`);
}
