import { expect, test } from "vitest";
import { addTick, zeroTotals } from "../../src/attribution/accumulator.ts";
import { energyFigures, idleBaselineFor, unknownEnergy } from "../../src/monitor/energy-figures.ts";
import { exampleFigures } from "./example-metric.ts";
import { exampleSource } from "./scripted-host.ts";

const tenSeconds = { durationSeconds: 10, hostJoules: 360, hostBusyCpuSeconds: 4, taskCpuSeconds: 2 };

test("joules are shown as watt-hours of the host, above idle, and of the task", () => {
  expect(exampleFigures()).toMatchObject({
    energyWhTotal: expect.closeTo(0.1, 12),
    energyWhActive: expect.closeTo(0.075, 12),
    energyWhTask: expect.closeTo(0.0375, 12),
    allocationRatio: 0.5,
  });
});

test("figures say where their joules came from and who shared them out", () => {
  expect(exampleFigures()).toMatchObject({
    attributionMode: "monitor_only",
    energySource: "powercap",
    energySourceLabel: "RAPL package-0 through powercap",
    energyProvenance: "measured",
    energyBoundary: "package_and_dram",
    idleBaselineWatts: 9,
    idleBaselineOrigin: "configured",
    uncertainty: { gainLnSigma: 0.025, gainSourceId: "rapl.gain/host=h/pkg=0", gainCitation: "a document" },
  });
});

test("gaps are passed on: the watt-hours are then a lower bound", () => {
  const figures = energyFigures(
    exampleSource(),
    addTick(zeroTotals, tenSeconds, 0),
    { watts: null, origin: "none" },
    3,
    "a",
  );
  expect(figures.gaps).toBe(3);
});

test("a baseline of the user's has an error of its own, a model's has that of the model's gain", () => {
  const totals = addTick(zeroTotals, tenSeconds, 9);
  const idleWhOf = (origin: "configured" | "calibrated" | "model" | "none") =>
    energyFigures(exampleSource(), totals, { watts: 9, origin }, 0, "a").uncertainty?.idleWh;
  expect(idleWhOf("configured")).toBeGreaterThan(0);
  expect(idleWhOf("model")).toBeUndefined();
  expect(idleWhOf("calibrated")).toBe(idleWhOf("configured"));
});

test("the baseline's error is named by host and calibration: tasks share it until the host is calibrated again", () => {
  const totals = addTick(zeroTotals, tenSeconds, 9);
  const sourceIdOf = (measuredAt: string, host: string | null) =>
    energyFigures(exampleSource(), totals, { watts: 9, origin: "calibrated", measuredAt }, 0, host).uncertainty
      ?.idleSourceId;
  expect(sourceIdOf("2026-01-01T00:00:00.000Z", "a")).toBe("idle/host=a/cal=2026-01-01T00:00:00.000Z");
  expect(sourceIdOf("2026-02-01T00:00:00.000Z", null)).toBe("idle/host=unknown/cal=2026-02-01T00:00:00.000Z");
});

test("what the user configured is the baseline, even 0 W", () => {
  const source = exampleSource({ idleWatts: 20 });
  expect(idleBaselineFor(source, 15)).toEqual({ watts: 15, origin: "configured" });
  expect(idleBaselineFor(source, 0)).toEqual({ watts: 0, origin: "configured" });
});

test("without one, the source's own baseline holds, and without that there is none", () => {
  expect(idleBaselineFor(exampleSource({ idleWatts: 20 }), undefined)).toEqual({ watts: 20, origin: "model" });
  expect(idleBaselineFor(exampleSource({ idleWatts: null }), undefined)).toEqual({ watts: null, origin: "none" });
});

test("energy that could not be read is unknown, not 0, and says why", () => {
  expect(unknownEnergy("no counters")).toMatchObject({
    energyWhTotal: null,
    energyWhActive: null,
    energyWhTask: null,
    allocationRatio: null,
    energySource: "none",
    energySourceLabel: "no counters",
    uncertainty: null,
  });
});
