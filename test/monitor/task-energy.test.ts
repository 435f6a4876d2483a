import { expect, test } from "vitest";
import { unknownEnergy } from "../../src/monitor/energy-figures.ts";
import { taskEnergyOf } from "../../src/monitor/task-energy.ts";
import { exampleFigures } from "./example-metric.ts";

test("the estimator gets the task's energy, not the host's, with everything that is known of its errors", () => {
  const figures = exampleFigures();
  expect(taskEnergyOf(figures, "a")).toEqual({
    meanWh: expect.closeTo(0.0375, 12),
    additiveWh: figures.uncertainty?.additiveWh,
    gainLnSigma: 0.025,
    gainSourceId: "rapl.gain/host=h/pkg=0",
    gainCitation: "a document",
    shareLnSigma: expect.closeTo(0.06, 12),
    boundary: "package_and_dram",
    provenance: "measured",
    host: "a",
    idle: { standardUncertaintyWh: figures.uncertainty?.idleWh, sourceId: "idle/host=a/cal=configured" },
  });
});

test("energy that could not be read is none", () => {
  expect(taskEnergyOf(unknownEnergy("no counters"))).toBeNull();
});
