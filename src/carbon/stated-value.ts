import type { Quantity } from "../uncertainty/product.ts";
import { checkedNumber, invalidInput, shown } from "./checked-number.ts";

/** A number that the user states: exact when bare, or with the standard uncertainty that the user knows. */
export type StatedValue = number | { readonly value: number; readonly standardUncertainty: number };

/** No factor and no uncertainty of one is larger; it keeps products finite. */
const maximum = 1e6;

/** Throws INPUT_INVALID when the value is below the minimum, or a part of it is no number within its range. */
export function statedQuantity(name: string, stated: unknown, minimum: number): Quantity {
  const valueRange = { minimum, maximum, allowed: `a number of at least ${minimum}, and at most 1e6` };
  const uncertaintyRange = { minimum: 0, maximum, allowed: "a number from 0 to 1e6" };
  if (typeof stated === "number") {
    return { mean: checkedNumber(`The ${name}`, stated, valueRange), standardUncertainty: 0 };
  }
  if (!isPair(stated)) {
    throw invalidInput(
      `The ${name} is ${shown(stated)}, but must be a number of at least ${minimum}, or { value, standardUncertainty }.`,
    );
  }
  return {
    mean: checkedNumber(`The ${name}`, stated.value, valueRange),
    standardUncertainty: checkedNumber(
      `The standard uncertainty of the ${name}`,
      stated.standardUncertainty,
      uncertaintyRange,
    ),
  };
}

function isPair(stated: unknown): stated is { readonly value: unknown; readonly standardUncertainty: unknown } {
  return typeof stated === "object" && stated !== null && "value" in stated && "standardUncertainty" in stated;
}
