import { expect, test } from "vitest";
import { zeroTotals } from "../../../src/attribution/accumulator.ts";
import { CarbonEstimator } from "../../../src/carbon/estimator.ts";
import type { CommandOutcome } from "../../../src/monitor/command-run.ts";
import { energyFigures, type IdleBaseline } from "../../../src/monitor/energy-figures.ts";
import { assessRun } from "../../../src/monitor/run-assessment.ts";
import { runSummary } from "../../../src/report/terminal/run-summary.ts";
import { textStyle } from "../../../src/report/terminal/style.ts";
import { exampleSource } from "../../monitor/scripted-host.ts";

/** Ten seconds of a host at 10 W, of which the task had `taskJoules`. */
function outcomeOf(
  taskJoules: number,
  baseline: IdleBaseline,
  differences: Partial<CommandOutcome> = {},
): CommandOutcome {
  const seconds = 10;
  const activeJoules = 100 - (baseline.watts ?? 0) * seconds;
  const busy = { hostBusyCpuSeconds: 1, taskCpuSeconds: taskJoules > 0 ? 1 : 0, taskShareSeconds: 0 };
  const totals = {
    ...zeroTotals,
    durationSeconds: seconds,
    hostJoules: 100,
    activeJoules,
    taskJoules,
    ...busy,
    tickCount: 10,
  };
  return {
    exitStatus: 0,
    signal: null,
    startWallMs: 1_767_225_600_000,
    durationSeconds: seconds,
    energy: energyFigures(exampleSource(), totals, baseline, 0, "h"),
    energyByTime: [],
    cpu: { taskCpuSeconds: busy.taskCpuSeconds, hostBusyCpuSeconds: 1, logicalCpuCount: 2 },
    memory: { peakResidentBytes: null, hostTotalBytes: null },
    gpus: [],
    host: "h",
    processesLeftRunning: 0,
    ...differences,
  };
}

/** The summary in one line. */
async function summaryOf(outcome: CommandOutcome): Promise<string> {
  const estimator = new CarbonEstimator({ region: "GB" });
  const carbon = await assessRun({ outcome, name: "task", labels: {}, estimator, level: 0.95 });
  const summary = { name: "task", outcome, baselineNote: null, carbon, budget: [], record: "not wanted" } as const;
  return runSummary(summary, 400, textStyle(false)).replace(/\s+/g, " ");
}

test("a command that used no CPU time has the energy of its record, and beside it the mean of what it may be", async () => {
  const summary = await summaryOf(outcomeOf(0, { watts: null, origin: "none" }));
  expect(summary).toMatch(/energy 0 mWh counted for the task, \S+ mWh as the mean of what it may be \(at most/);
});

test("where the two are the same, one figure is enough", async () => {
  const summary = await summaryOf(outcomeOf(100, { watts: null, origin: "none" }));
  expect(summary).toMatch(/energy 27\.8 mWh for the task \(95 % interval/);
});

test("a stored baseline above the host's draw is to be calibrated again, and no figure of the task is printed", async () => {
  const summary = await summaryOf(outcomeOf(-20, { watts: 50, origin: "calibrated" }));
  expect(summary).toContain("run `carbon-ops calibrate` again");
  expect(summary).not.toContain("--idle-watts");
  expect(summary).toContain("not known for the task, of 27.8 mWh that the host took");
  expect(summary).not.toContain("CO2e");
});

test("a stated baseline above the host's draw is to be corrected", async () => {
  const summary = await summaryOf(outcomeOf(-20, { watts: 50, origin: "configured" }));
  expect(summary).toContain("leave --idle-watts out or correct it");
});

test.each(["model", "calibrated"] as const)(
  "a %s baseline that rounding puts above an idle host's draw is no fault",
  async (origin) => {
    const summary = await summaryOf(outcomeOf(0, { watts: 10 + 1e-9, origin }));
    expect(summary).toMatch(/ for the task/);
    expect(summary).not.toContain("not known");
    expect(summary).toContain("CO2e");
  },
);

test("a board's name cannot steer the terminal", async () => {
  const unknown = { busyPercent: null, memoryUsedBytes: null, memoryTotalBytes: null };
  const gpu = { id: "0", vendor: "nvidia", name: "NVIDIA \u001b[31mH100", note: "\u001b[2J", ...unknown } as const;
  const summary = await summaryOf(outcomeOf(100, { watts: null, origin: "none" }, { gpus: [gpu] }));
  expect(summary).toContain("NVIDIA \ufffd[31mH100");
  expect(summary).not.toContain("\u001b");
});
