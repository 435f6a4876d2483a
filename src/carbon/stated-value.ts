import { CarbonOpsError } from "../errors.ts";
import type { Quantity } from "../uncertainty/product.ts";

/** A number that the user states: exact when bare, or with the standard uncertainty that the user knows. */
export type StatedValue = number | { readonly value: number; readonly standardUncertainty: number };

/** Throws INPUT_INVALID when the value is below the minimum or a part of it is not a finite number. */
export function statedQuantity(name: string, stated: StatedValue, minimum: number): Quantity {
  const { value, standardUncertainty } =
    typeof stated === "number" ? { value: stated, standardUncertainty: 0 } : stated;
  if (!(Number.isFinite(value) && value >= minimum)) {
    throw new CarbonOpsError("INPUT_INVALID", `The ${name} is ${value}, but must be a number of at least ${minimum}.`);
  }
  if (!(Number.isFinite(standardUncertainty) && standardUncertainty >= 0)) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `The standard uncertainty of the ${name} is ${standardUncertainty}, but must be a finite number, 0 or more.`,
    );
  }
  return { mean: value, standardUncertainty };
}
