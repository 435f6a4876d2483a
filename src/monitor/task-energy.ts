import type { TaskEnergy } from "../carbon/task-energy.ts";
import type { EnergyFigures } from "./energy-figures.ts";

/** The task's energy as the carbon estimator takes it; null when nothing was read. */
export function taskEnergyOf(figures: EnergyFigures): TaskEnergy | null {
  const { energyWhTask, uncertainty, energyProvenance } = figures;
  if (energyWhTask === null || uncertainty === null || energyProvenance === null) return null;
  return {
    meanWh: energyWhTask,
    additiveWh: uncertainty.additiveWh,
    gainLnSigma: uncertainty.gainLnSigma,
    gainSourceId: uncertainty.gainSourceId,
    gainCitation: uncertainty.gainCitation,
    shareLnSigma: uncertainty.shareLnSigma,
    boundary: figures.energyBoundary,
    provenance: energyProvenance,
  };
}
