import { type EnergyInterval, energyInterval } from "../carbon/energy-interval.ts";
import type { CarbonEstimate } from "../carbon/estimate.ts";
import type { CarbonEstimator } from "../carbon/estimator.ts";
import { buildCarbonEstimateRecord, type CarbonEstimateRecord } from "../record/carbon-estimate-record.ts";
import type { CommandOutcome } from "./command-run.ts";
import { taskEnergyOf } from "./task-energy.ts";

export interface RunAssessmentRequest {
  readonly outcome: CommandOutcome;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly estimator: CarbonEstimator;
  /** Level of the coverage interval of the energy, in (0, 1). */
  readonly level: number;
  /** What records of the command's own processes name as the whole that they are a part of. */
  readonly recordId?: string | undefined;
  /** The same of a run that this one is a part of. */
  readonly partOf?: string | undefined;
}

export interface RunAssessment {
  readonly estimate: CarbonEstimate;
  readonly energy: EnergyInterval;
  readonly record: CarbonEstimateRecord;
}

/** Grams, intervals and the record of a command's run; null when no energy could be read, since then there is nothing to state. */
export async function assessRun(request: RunAssessmentRequest): Promise<RunAssessment | null> {
  const { outcome, recordId, partOf } = request;
  const taskEnergy = taskEnergyOf(outcome.energy, outcome.host);
  if (taskEnergy === null) return null;
  const estimate = await request.estimator.estimateOverSpan({
    startTs: outcome.startWallMs,
    // The wall clock may be set back while a command runs; the duration is the monotonic clock's, and the span keeps to it.
    endTs: outcome.startWallMs + outcome.durationSeconds * 1000,
    energy: taskEnergy,
    ...(outcome.energyByTime.length === 0 ? {} : { energyByTime: outcome.energyByTime }),
  });
  const record = buildCarbonEstimateRecord({
    type: "run",
    name: request.name,
    labels: request.labels,
    host: outcome.host,
    durationSeconds: outcome.durationSeconds,
    estimate,
    energy: outcome.energy,
    cpu: outcome.cpu,
    memory: outcome.memory,
    gpus: outcome.gpus,
    command: {
      exitStatus: outcome.exitStatus,
      signal: outcome.signal,
      processesLeftRunning: outcome.processesLeftRunning,
    },
    ...(recordId === undefined ? {} : { recordId }),
    ...(partOf === undefined ? {} : { partOf }),
  });
  return { estimate, energy: energyInterval(taskEnergy, request.level), record };
}
