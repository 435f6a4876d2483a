import { CarbonOpsError } from "../errors.ts";

/** What a number from outside may be. The maxima lie beyond any real quantity, and keep squares and products finite. */
interface NumberRange {
  readonly minimum: number;
  readonly maximum: number;
  /** Ends the sentence "… must be". */
  readonly allowed: string;
}

/** Watt-hours; the world's electricity of a year is about 3e16 (Ember, Yearly Electricity Data, 2024). */
export const energyRange: NumberRange = { minimum: 0, maximum: 1e18, allowed: "a number from 0 to 1e18" };

/** Best value of a difference, which may lie below zero, in watt-hours. */
export const differenceRange: NumberRange = { minimum: -1e18, maximum: 1e18, allowed: "a number from -1e18 to 1e18" };

/** Watts. */
export const powerRange: NumberRange = { minimum: 0, maximum: 1e11, allowed: "a number from 0 to 1e11" };

/** Seconds; 1e10 are 317 years. */
export const durationRange: NumberRange = {
  minimum: 0,
  maximum: 1e10,
  allowed: "a number above 0 and at most 1e10",
};

/** Standard deviation over mean. */
export const relativeRange: NumberRange = { minimum: 0, maximum: 1000, allowed: "a number from 0 to 1000" };

/** Standard deviation of a logarithm; 5 is a factor of 148. */
export const lnSigmaRange: NumberRange = { minimum: 0, maximum: 5, allowed: "a number from 0 to 5" };

/** Throws INPUT_INVALID with the name, the value and what is allowed when the value is no number within the range. */
export function checkedNumber(name: string, value: unknown, { minimum, maximum, allowed }: NumberRange): number {
  if (typeof value === "number" && value >= minimum && value <= maximum) return value;
  throw invalidInput(`${name} is ${shown(value)}, but must be ${allowed}.`);
}

export function invalidInput(message: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", message);
}

/** A value of any type in an error's sentence; text is quoted, since "0.9" looks like a number otherwise. */
export function shown(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "object" && value !== null && !(value instanceof Date)) return "an object";
  return String(value);
}
