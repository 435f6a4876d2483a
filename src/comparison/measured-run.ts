import { zeroTotals } from "../attribution/accumulator.ts";
import { attributionUncertainty } from "../attribution/uncertainty.ts";
import type { TaskEnergy } from "../carbon/task-energy.ts";
import type { CommandOutcome } from "../monitor/command-run.ts";
import type { IdleBaseline } from "../monitor/energy-figures.ts";
import { taskEnergyOf } from "../monitor/task-energy.ts";
import { wattHoursFromJoules } from "../units.ts";

/** Whose energy is compared: the command's share by CPU time, or all that the host took above idle while it ran. */
export type ComparedEnergy = "task" | "host";

/** One run of one command. */
export interface MeasuredRun {
  /** Which command, from 0. */
  readonly command: number;
  /** From 1; each round runs every command once. */
  readonly round: number;
  readonly durationSeconds: number;
  readonly cpuSeconds: number;
  /** Energy with its errors; idle energy is removed where idle power is known. */
  readonly energy: TaskEnergy;
  /** GPUs included, in watt-hours. It may be 0 or less, being a difference of readings. */
  readonly energyWh: number;
  /** Whether the joules are a model's, which knows nothing but CPU time. */
  readonly isModelled: boolean;
  /** Busy CPU seconds of the host that were not the command's. */
  readonly otherCpuSeconds: number;
  /** Readings of this run that failed or made no sense. */
  readonly gaps: number;
  readonly processesLeftRunning: number;
}

export interface RunPlace {
  readonly command: number;
  readonly round: number;
  /** Gaps of the source before this run. */
  readonly gapsBefore: number;
}

/** Null where no energy was read. */
export function measuredRun(
  outcome: CommandOutcome,
  compared: ComparedEnergy,
  idle: IdleBaseline,
  { command, round, gapsBefore }: RunPlace,
): MeasuredRun | null {
  const ofTask = taskEnergyOf(outcome.energy, outcome.host);
  if (ofTask === null) return null;
  const energy = compared === "task" ? ofTask : energyOfHost(outcome, ofTask, idle);
  const { taskCpuSeconds, hostBusyCpuSeconds } = outcome.cpu;
  return {
    command,
    round,
    durationSeconds: outcome.durationSeconds,
    cpuSeconds: taskCpuSeconds,
    energy,
    energyWh: energy.meanWh + (energy.gpu?.meanWh ?? 0),
    isModelled: outcome.energy.energySource === "model",
    otherCpuSeconds: Math.max(0, hostBusyCpuSeconds - taskCpuSeconds),
    gaps: outcome.energy.gaps - gapsBefore,
    processesLeftRunning: outcome.processesLeftRunning,
  };
}

/** Everything above idle is the run's: nothing rests on CPU clocks, and the idle baseline's error on the whole time. */
function energyOfHost({ energy }: CommandOutcome, ofTask: TaskEnergy, idle: IdleBaseline): TaskEnergy {
  const { idle: _, ...rest } = ofTask;
  const idleWatts = idle.origin === "model" ? 0 : (idle.watts ?? 0);
  const wholeTime = { ...zeroTotals, taskShareSeconds: energy.measuredSeconds ?? 0 };
  const { idleJoules } = attributionUncertainty(wholeTime, idleWatts, null, idle.standardUncertaintyWatts);
  const idleError = { standardUncertaintyWh: wattHoursFromJoules(idleJoules), sourceId: `idle/cal=${idle.origin}` };
  return {
    ...rest,
    meanWh: energy.energyWhActive ?? ofTask.meanWh,
    additiveWh: 0,
    shareLnSigma: 0,
    ...(idleJoules === 0 ? {} : { idle: idleError }),
  };
}
