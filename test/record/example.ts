import type { CarbonEstimate } from "../../src/carbon/estimate.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import type { CarbonEstimateRecordInput } from "../../src/record/carbon-estimate-record.ts";

/** Figures of a run as the monitor hands them over. */
export const energyFigures: NonNullable<CarbonEstimateRecordInput["energy"]> = {
  energyWhTotal: 12,
  energyWhActive: 8,
  energyWhTask: 6,
  allocationRatio: 0.75,
  attributionMode: "monitor_only",
  energySource: "powercap",
  energySourceLabel: "RAPL package-0 + dram through powercap",
  energyProvenance: "measured",
  energyBoundary: "package_and_dram",
  measuredSeconds: 2,
  idleBaselineWatts: 4,
  idleBaselineOrigin: "configured",
  uncertainty: {
    gainLnSigma: 0.03,
    gainSourceId: "rapl.gain/host=a",
    gainCitation: "Khan et al. 2018",
    shareLnSigma: 0.03,
    additiveWh: 0.2,
  },
  gaps: 0,
};

export async function exampleEstimate(): Promise<CarbonEstimate> {
  const estimator = new CarbonEstimator({ region: "aws:eu-west-1" });
  return estimator.estimateOverSpan({
    startTs: "2025-07-01T10:00:00Z",
    endTs: "2025-07-01T11:00:00Z",
    energy: {
      meanWh: 6,
      additiveWh: 0.2,
      gainLnSigma: 0.03,
      gainSourceId: "rapl.gain/host=a",
      gainCitation: "Khan et al. 2018",
      shareLnSigma: 0.03,
      boundary: "package_and_dram",
      provenance: "measured",
    },
  });
}

export async function exampleRun(): Promise<CarbonEstimateRecordInput> {
  return {
    type: "run",
    name: "train",
    durationSeconds: 3600.5,
    labels: { team: "web", "git.sha": "abc", camelCase: "kept" },
    estimate: await exampleEstimate(),
    energy: energyFigures,
    cpu: { taskCpuSeconds: 3000, hostBusyCpuSeconds: 4000, logicalCpuCount: 8 },
    memory: { peakResidentBytes: 2 ** 40, hostTotalBytes: 2 ** 41 },
    gpus: [],
    command: { exitStatus: 0, signal: null, processesLeftRunning: 0 },
  };
}
