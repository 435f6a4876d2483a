import type { TaskEnergy } from "../../src/carbon/task-energy.ts";
import type { MeasuredRun } from "../../src/comparison/measured-run.ts";

/** A run of a command that counters measured, with no error but their gain's, unless the test wants otherwise. */
export function exampleRun(
  place: Pick<MeasuredRun, "command" | "round">,
  energyWh: number,
  errors: Partial<TaskEnergy> = {},
): MeasuredRun {
  return {
    ...place,
    durationSeconds: 2,
    cpuSeconds: 2,
    energy: {
      meanWh: energyWh,
      additiveWh: 0,
      gainLnSigma: 0.03,
      gainSourceId: "rapl.gain/host=example",
      gainCitation: "example",
      shareLnSigma: 0,
      boundary: "package_and_dram",
      provenance: "measured",
      ...errors,
    },
    energyWh,
    isModelled: false,
    otherCpuSeconds: 0,
    gaps: 0,
    processesLeftRunning: 0,
  };
}
