import type { GpuTaskEnergy, TaskEnergy } from "../carbon/task-energy.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import type { EnergyUncertainty } from "./energy-uncertainty.ts";
import type { GpuEnergyFigures } from "./gpu-figures.ts";

/** The task's energy as the carbon estimator takes it; null when nothing was read. The host's name gives errors their scope. */
export function taskEnergyOf(figures: EnergyFigures, host: string | null = null): TaskEnergy | null {
  const { energyWhTask, uncertainty, energyProvenance } = figures;
  const gpu = figures.gpu === undefined ? null : gpuTaskEnergyOf(figures.gpu);
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
    ...(host === null ? {} : { host }),
    ...idleErrorOf(uncertainty),
    ...(gpu === null ? {} : { gpu }),
  };
}

function idleErrorOf({ idleWh, idleSourceId }: EnergyUncertainty): Pick<TaskEnergy, "idle"> {
  if (idleWh === undefined || idleSourceId === undefined) return {};
  return { idle: { standardUncertaintyWh: idleWh, sourceId: idleSourceId } };
}

/** Null where nobody knows the task's part: then the estimate holds the host alone, and the figures say why. */
function gpuTaskEnergyOf({ energyWhTask, uncertainty, boards }: GpuEnergyFigures): GpuTaskEnergy | null {
  if (energyWhTask === null || uncertainty === null) return null;
  const isMeasured = boards.every(
    ({ energyWhTask: ofBoard, method }) => ofBoard === null || method === "energy_counter",
  );
  const { gainLnSigma, gainSourceId, gainCitation, shareLnSigma, additiveWh } = uncertainty;
  const errors = { gainLnSigma, gainSourceId, gainCitation, shareLnSigma, additiveWh };
  return { meanWh: energyWhTask, ...errors, provenance: isMeasured ? "measured" : "estimated" };
}
