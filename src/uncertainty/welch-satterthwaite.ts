import { CarbonOpsError } from "../errors.ts";

/** One independent input of a budget. */
export interface BudgetInput {
  /** Sensitivity c; 1 where absent. */
  readonly sensitivity?: number;
  /** 0 or more. */
  readonly standardUncertainty: number;
  /** Above 0; null or Infinity when the uncertainty itself is taken as exactly known. */
  readonly degreesOfFreedom: number | null;
}

export interface CombinedUncertainty {
  readonly standardUncertainty: number;
  /** Effective degrees of freedom, not truncated; null when infinite. */
  readonly degreesOfFreedom: number | null;
}

/**
 * Welch-Satterthwaite: nu_eff = u^4 / sum((c_i u_i)^4 / nu_i) (JCGM 100, G.4.1). For independent inputs only. Throws INPUT_INVALID
 * when an uncertainty is below 0, or degrees of freedom are not above 0.
 */
export function welchSatterthwaite(inputs: readonly BudgetInput[]): CombinedUncertainty {
  const contributions = inputs.map(({ sensitivity = 1, standardUncertainty, degreesOfFreedom }) => {
    if (!(standardUncertainty >= 0 && Number.isFinite(sensitivity * standardUncertainty))) {
      throw invalid("standard uncertainty", standardUncertainty, "a finite number, 0 or more");
    }
    if (degreesOfFreedom !== null && !(degreesOfFreedom > 0)) {
      throw invalid("number of degrees of freedom", degreesOfFreedom, "above 0, or null");
    }
    return { size: Math.abs(sensitivity * standardUncertainty), degreesOfFreedom: degreesOfFreedom ?? Infinity };
  });
  const standardUncertainty = Math.hypot(...contributions.map(({ size }) => size));
  const inverse = contributions.reduce(
    // By shares: fourth powers of small numbers would vanish.
    (sum, { size, degreesOfFreedom }) => sum + (size === 0 ? 0 : (size / standardUncertainty) ** 4 / degreesOfFreedom),
    0,
  );
  return { standardUncertainty, degreesOfFreedom: inverse === 0 ? null : 1 / inverse };
}

/** Degrees of freedom of a standard uncertainty that is itself known to this part of it: nu = 1/2 (du/u)^-2 (JCGM 100, G.4.2). */
export function degreesOfFreedomOfJudgement(relativeUncertaintyOfUncertainty: number): number {
  if (!(relativeUncertaintyOfUncertainty > 0)) {
    throw invalid("relative uncertainty of an uncertainty", relativeUncertaintyOfUncertainty, "above 0");
  }
  return 1 / (2 * relativeUncertaintyOfUncertainty ** 2);
}

function invalid(what: string, value: number, allowed: string): CarbonOpsError {
  return new CarbonOpsError("INPUT_INVALID", `The ${what} is ${value}, but must be ${allowed}.`);
}
