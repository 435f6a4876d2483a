import { expect, test } from "vitest";
import { measuredRun } from "../../src/comparison/measured-run.ts";
import type { CommandOutcome } from "../../src/monitor/command-run.ts";
import { unknownEnergy } from "../../src/monitor/energy-figures.ts";

const outcome: CommandOutcome = {
  exitStatus: 0,
  signal: null,
  startWallMs: 0,
  durationSeconds: 10,
  energy: {
    energyWhTotal: 1,
    energyWhActive: 0.8,
    energyWhTask: 0.5,
    allocationRatio: 0.625,
    attributionMode: "monitor_only",
    energySource: "powercap",
    energySourceLabel: "package-0",
    energyProvenance: "measured",
    energyBoundary: "package_and_dram",
    measuredSeconds: 10,
    idleBaselineWatts: 72,
    idleBaselineOrigin: "calibrated",
    uncertainty: {
      gainLnSigma: 0.03,
      gainSourceId: "rapl.gain",
      gainCitation: "example",
      shareLnSigma: 0.045,
      additiveWh: 0.001,
      idleWh: 0.006,
      idleSourceId: "idle",
    },
    gaps: 5,
  },
  energyByTime: [],
  cpu: { taskCpuSeconds: 5, hostBusyCpuSeconds: 8, logicalCpuCount: 2 },
  memory: { peakResidentBytes: null, hostTotalBytes: null },
  gpus: [],
  host: "example",
  processesLeftRunning: 0,
};
const idle = { watts: 72, origin: "calibrated", standardUncertaintyWatts: 0 } as const;
const place = { command: 1, round: 3, gapsBefore: 4 };

test("the command's own energy has the errors of its share, and only the gaps of this run are its gaps", () => {
  const run = measuredRun(outcome, "task", idle, place);
  expect(run).toMatchObject({ command: 1, round: 3, energyWh: 0.5, gaps: 1, otherCpuSeconds: 3, isModelled: false });
  expect(run?.energy.shareLnSigma).toBe(0.045);
});

test("the host's energy above idle has no error of a share, and that of the idle power over the whole time", () => {
  const run = measuredRun(outcome, "host", idle, place);
  expect(run?.energyWh).toBe(0.8);
  expect(run?.energy).toMatchObject({ shareLnSigma: 0, additiveWh: 0 });
  // 5 % of 72 W over 10 s.
  expect(run?.energy.idle?.standardUncertaintyWh).toBeCloseTo((0.05 * 72 * 10) / 3600, 12);
});

test("a run whose energy could not be read is no run", () => {
  expect(measuredRun({ ...outcome, energy: unknownEnergy("gone") }, "task", idle, place)).toBeNull();
});
