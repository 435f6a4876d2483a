import type { TaskEnergy } from "../carbon/task-energy.ts";
import { sampleMoments } from "../uncertainty/sample.ts";
import type { MeasuredRun } from "./measured-run.ts";

/**
 * The energy of a mean run of one command, with the errors of a mean: scatter goes down with the number of runs, what all runs share
 * (gain, share, idle baseline) stays. Null without runs.
 */
export function meanEnergyOf(runs: readonly MeasuredRun[]): TaskEnergy | null {
  const [first] = runs;
  if (first === undefined) return null;
  const mean = (of: (energy: TaskEnergy) => number): number =>
    runs.reduce((total, { energy }) => total + of(energy), 0) / runs.length;
  const { idle, gpu, ...host } = first.energy;
  const scatter = (of: (energy: TaskEnergy) => number): number =>
    runs.length < 2 ? mean((energy) => energy.additiveWh) : deviationOfMean(runs.map(({ energy }) => of(energy)));
  return {
    ...host,
    meanWh: mean(({ meanWh }) => meanWh),
    additiveWh: scatter(({ meanWh }) => meanWh),
    shareLnSigma: mean(({ shareLnSigma }) => shareLnSigma),
    ...(idle === undefined
      ? {}
      : { idle: { ...idle, standardUncertaintyWh: mean((energy) => energy.idle?.standardUncertaintyWh ?? 0) } }),
    ...(gpu === undefined
      ? {}
      : {
          gpu: {
            ...gpu,
            meanWh: mean((energy) => energy.gpu?.meanWh ?? 0),
            additiveWh: scatter((energy) => energy.gpu?.meanWh ?? 0),
          },
        }),
  };
}

function deviationOfMean(values: readonly number[]): number {
  return Math.sqrt(sampleMoments(values).variance / values.length);
}
