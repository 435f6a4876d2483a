/** The Python original's figures on what dominates: the electricity of a task, or the making of its hardware. */
export interface TaxonomyFigures {
  /** Embodied over total grams, in [0, 1]. */
  readonly thetaFraction: number;
  /** The original's word; its "marginal" means "in between", and has nothing to do with marginal intensities. */
  readonly thetaRegime: "operational_dominated" | "marginal" | "embodied_dominated";
  /** Whether saving energy can still lower the total much: the fraction is below 0.30. */
  readonly optimizationViable: boolean;
}

/** Bounds of the regimes: the Python original's own choice, without a source. */
const marginalFrom = 0.15;
const embodiedFrom = 0.3;

/** Null where embodied carbon is not declared, or both parts are 0: no fraction follows from what is not known. */
export function taxonomyOf(operationalGrams: number, embodiedGrams: number | null): TaxonomyFigures | null {
  if (embodiedGrams === null || operationalGrams + embodiedGrams === 0) return null;
  const thetaFraction = embodiedGrams / (operationalGrams + embodiedGrams);
  return { thetaFraction, thetaRegime: regimeOf(thetaFraction), optimizationViable: thetaFraction < embodiedFrom };
}

function regimeOf(thetaFraction: number): TaxonomyFigures["thetaRegime"] {
  if (thetaFraction < marginalFrom) return "operational_dominated";
  return thetaFraction < embodiedFrom ? "marginal" : "embodied_dominated";
}
