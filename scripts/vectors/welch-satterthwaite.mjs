import { coverageFactor, degreesOfFreedomOfJudgement, welchSatterthwaite } from "../../dist/uncertainty/index.js";
import { casesOf, compareFields, isUncertaintyFile } from "./comparison.mjs";

/** Effective degrees of freedom and coverage factors. */
export function handles(relativePath) {
  return isUncertaintyFile(relativePath, "welch_satterthwaite");
}

export function cases(directory, relativePath) {
  return casesOf(directory, relativePath, (item) =>
    compareFields(item.expected, figuresOf(item), item.tolerance ?? { relative: 1e-9 }),
  );
}

function figuresOf({ rows, nu, relative_uncertainty_of_u: relative, expected }) {
  if (rows !== undefined) {
    const inputs = rows.map((row) => ({
      sensitivity: row.c,
      standardUncertainty: row.u,
      degreesOfFreedom: row.nu,
    }));
    const { standardUncertainty: u, degreesOfFreedom } = welchSatterthwaite(inputs);
    return { u, nu_eff: degreesOfFreedom, ...factors(expected, degreesOfFreedom, u) };
  }
  if (nu !== undefined) return factors(expected, nu, Number.NaN);
  if (relative !== undefined) return { nu: degreesOfFreedomOfJudgement(relative) };
  throw new Error("the case has neither rows, nu nor relative_uncertainty_of_u");
}

/** `k_0.95` is a factor, `U_0.95` that many standard uncertainties. */
function factors(expected, degreesOfFreedom, u) {
  const names = Object.keys(expected).filter((name) => /^[kU]_/.test(name));
  return Object.fromEntries(
    names.map((name) => [
      name,
      coverageFactor(Number(name.slice(2)), degreesOfFreedom) * (name.startsWith("U") ? u : 1),
    ]),
  );
}
