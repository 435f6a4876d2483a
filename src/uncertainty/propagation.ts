import { CarbonOpsError } from "../errors.ts";
import type { SourceCorrelation } from "./correlation.ts";

/** The law of propagation of uncertainty (JCGM 100, 5), with sensitivities by differences of the model itself. */
export interface PropagationModel {
  readonly inputs: readonly PropagationInput[];
  readonly correlations?: readonly SourceCorrelation[];
  readonly model: (values: Float64Array) => number;
  /** Second adds the terms of the note to 5.1.2, for independent and symmetrical inputs. Default first. */
  readonly order?: "first" | "second";
}

export interface PropagationInput {
  readonly id: string;
  readonly estimate: number;
  readonly standardUncertainty: number;
}

export interface PropagationResult {
  readonly estimate: number;
  readonly standardUncertainty: number;
  /** Signed: sensitivity times standard uncertainty, in the order of the inputs. */
  readonly components: readonly number[];
  /**
   * All first-order components vanish though inputs are uncertain, as for x^2 at 0: a first-order uncertainty of 0 is then no
   * statement about the quantity; take the second order or monteCarlo.
   */
  readonly sensitivitiesVanish: boolean;
}

/** Throws INPUT_INVALID for a correlation that names an unknown input, or second order with correlations. */
export function propagateUncertainty(model: PropagationModel): PropagationResult {
  const { inputs, correlations = [], order = "first" } = model;
  if (order === "second" && correlations.length > 0) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      "The second-order terms hold for independent inputs only; use monteCarlo.",
    );
  }
  const at = evaluator(model);
  const components = inputs.map((_, index) => firstDerivative((step) => at([[index, step]])));
  let variance = components.reduce((sum, component) => sum + component * component, 0);
  for (const { between, coefficient } of correlations) {
    const [first, second] = between.map((id) => componentOf(inputs, components, id));
    variance += 2 * coefficient * (first ?? 0) * (second ?? 0);
  }
  if (order === "second") variance += secondOrderVariance(at, components);
  return {
    estimate: at([]),
    standardUncertainty: Math.sqrt(Math.max(0, variance)),
    components,
    sensitivitiesVanish:
      inputs.some(({ standardUncertainty }) => standardUncertainty > 0) &&
      components.every((component) => component === 0),
  };
}

/** The model with some inputs moved by so many of their standard uncertainties. */
type Evaluator = (moves: readonly (readonly [number, number])[]) => number;

function evaluator({ inputs, model }: PropagationModel): Evaluator {
  const estimates = Float64Array.from(inputs, ({ estimate }) => estimate);
  return (moves) => {
    const values = estimates.slice();
    for (const [index, steps] of moves) {
      values[index] = (values[index] ?? 0) + steps * (inputs[index]?.standardUncertainty ?? 0);
    }
    return model(values);
  };
}

function componentOf(inputs: readonly PropagationInput[], components: readonly number[], id: string): number {
  const index = inputs.findIndex((input) => input.id === id);
  if (index < 0) {
    throw new CarbonOpsError(
      "INPUT_INVALID",
      `A correlation names the input ${JSON.stringify(id)}, which is not there.`,
    );
  }
  return components[index] ?? 0;
}

/** A tenth of a standard uncertainty: far from rounding, and the rule below then errs by about 1e-5 of (u/x)^4. */
const step = 0.1;

/** Five-point rule (Abramowitz and Stegun, 25.3.6). */
function firstDerivative(f: (step: number) => number): number {
  return (8 * (f(step) - f(-step)) - (f(2 * step) - f(-2 * step))) / (12 * step);
}

/** Sum over i and j of (f_ij^2 / 2 + f_i f_ijj) u_i^2 u_j^2, the derivatives taken in units of the standard uncertainties. */
function secondOrderVariance(at: Evaluator, components: readonly number[]): number {
  let sum = 0;
  for (const [i, component] of components.entries()) {
    for (let j = 0; j < components.length; j += 1) {
      const mixed = firstDifference((x) => firstOrSecond(at, i, j, x));
      const third = firstDifference((x) =>
        secondDifference((y) =>
          at([
            [i, x],
            [j, y],
          ]),
        ),
      );
      sum += (mixed * mixed) / 2 + component * third;
    }
  }
  return sum;
}

/** Derivative by input j at input i moved by x. */
function firstOrSecond(at: Evaluator, i: number, j: number, x: number): number {
  return firstDifference((y) =>
    at([
      [i, x],
      [j, y],
    ]),
  );
}

/** Wider than for first derivatives: a third difference divides by the cube of it. */
const widerStep = 0.25;

function firstDifference(f: (step: number) => number): number {
  return (f(widerStep) - f(-widerStep)) / (2 * widerStep);
}

function secondDifference(f: (step: number) => number): number {
  return (f(widerStep) - 2 * f(0) + f(-widerStep)) / (widerStep * widerStep);
}
