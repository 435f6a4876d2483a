import type { CarbonEstimate } from "../carbon/estimate.ts";
import type { CarbonEstimator } from "../carbon/estimator.ts";
import { messageOf } from "../errors.ts";
import type { EnergyFigures } from "./energy-figures.ts";
import type { TimedEnergy } from "./energy-timeline.ts";
import { taskEnergyOf } from "./task-energy.ts";
import type { TaskInterval } from "./task-interval.ts";
import type { ClosedInterval } from "./task-intervals.ts";

/** What an energy caused, or why nobody knows. */
export interface StatedCarbon {
  readonly carbon: CarbonEstimate | null;
  readonly problem: string | null;
}

export interface EnergyOfSpan {
  readonly energy: EnergyFigures | null;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  readonly host: string | null;
  /** When the energy was used; even over the span where that is not known. */
  readonly energyByTime?: readonly TimedEnergy[];
}

const noEnergy = "No energy could be read; `carbon-ops doctor` says why.";

/** Grams of an energy; what stands in the way is a sentence and no error. */
export async function carbonOf(
  estimator: CarbonEstimator,
  { energy, startMs, endMs, host, energyByTime = [] }: EnergyOfSpan,
): Promise<StatedCarbon> {
  const taskEnergy = energy === null ? null : taskEnergyOf(energy, host);
  if (taskEnergy === null) return { carbon: null, problem: noEnergy };
  try {
    const carbon = await estimator.estimateOverSpan({
      startTs: startMs,
      endTs: endMs,
      energy: taskEnergy,
      ...(energyByTime.length === 0 ? {} : { energyByTime }),
    });
    return { carbon, problem: null };
  } catch (error) {
    return { carbon: null, problem: messageOf(error) };
  }
}

/** An estimate takes some tenths of a millisecond; between them the application has its turn. */
export async function withCarbon(
  { interval, energies, energySinceMs, endMs }: ClosedInterval,
  stated: (energy: EnergyOfSpan) => Promise<StatedCarbon>,
  host: string | null,
): Promise<TaskInterval> {
  const names = [];
  for (const [index, name] of interval.names.entries()) {
    const energy = energies[index] ?? null;
    names.push({ ...name, ...(await stated({ energy, startMs: energySinceMs, endMs, host })) });
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  return { ...interval, names };
}
