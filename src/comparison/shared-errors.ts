import { relativeFromLnSigma } from "../uncertainty/lognormal.ts";
import { differenceOfSourced, type SourcedQuantity, standardUncertaintyOf } from "../uncertainty/named-sources.ts";
import type { MeasuredRun } from "./measured-run.ts";

/**
 * Standard uncertainty of ln a - ln b that more runs do not make smaller. What both commands share as a percentage (the gain of the
 * counters, or of the model) cancels; what is left are errors of each command's own share, and of the idle baseline and of GPUs where one
 * command has more of them than the other.
 */
export function uncancelledLnUncertainty(a: readonly MeasuredRun[], b: readonly MeasuredRun[]): number {
  return standardUncertaintyOf(differenceOfSourced(relativeErrorsOf(a), relativeErrorsOf(b)));
}

/** Errors of a command's mean energy, each as a ratio to it: what they do to its logarithm. */
function relativeErrorsOf(runs: readonly MeasuredRun[]): SourcedQuantity {
  const total = sum(runs, ({ energyWh }) => energyWh);
  const components = new Map<string, number>();
  let shareVariance = 0;
  const add = (sourceId: string, relative: number): void => {
    components.set(sourceId, (components.get(sourceId) ?? 0) + relative);
  };
  const [first] = runs;
  if (first === undefined || total <= 0) return { value: 0, components, privateUncertainty: 0 };
  add(
    first.energy.gainSourceId,
    sum(runs, ({ energy }) => energy.meanWh * relativeFromLnSigma(energy.gainLnSigma)) / total,
  );
  const { idle, gpu } = first.energy;
  if (idle !== undefined) {
    // Its error has one sign for all: a baseline that is too high takes too much from every run.
    add(idle.sourceId, -sum(runs, ({ energy }) => energy.idle?.standardUncertaintyWh ?? 0) / total);
  }
  // A model knows CPU time alone: its joules are compared as CPU time, and whose they are is then no question.
  if (!first.isModelled) {
    shareVariance += (sum(runs, ({ energy }) => energy.meanWh * relativeFromLnSigma(energy.shareLnSigma)) / total) ** 2;
  }
  if (gpu !== undefined) {
    add(gpu.gainSourceId, sum(runs, ({ energy }) => partOf(energy.gpu, ({ gainLnSigma }) => gainLnSigma)) / total);
    shareVariance += (sum(runs, ({ energy }) => partOf(energy.gpu, ({ shareLnSigma }) => shareLnSigma)) / total) ** 2;
  }
  return { value: 0, components, privateUncertainty: Math.sqrt(shareVariance) };
}

type GpuEnergy = NonNullable<MeasuredRun["energy"]["gpu"]>;

function partOf(gpu: GpuEnergy | undefined, lnSigma: (gpu: GpuEnergy) => number): number {
  return gpu === undefined ? 0 : gpu.meanWh * relativeFromLnSigma(lnSigma(gpu));
}

/** What a run's CPU clocks are off by, as a ratio to its energy: it scatters from run to run. */
export function clockLnUncertainty(runs: readonly MeasuredRun[]): number {
  const total = sum(runs, ({ energyWh }) => energyWh);
  return total <= 0 ? 0 : sum(runs, ({ energy }) => energy.additiveWh) / total;
}

function sum(runs: readonly MeasuredRun[], of: (run: MeasuredRun) => number): number {
  return runs.reduce((total, run) => total + of(run), 0);
}
