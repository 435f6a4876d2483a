import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Telemetry } from "../../../src/exporters/otel/telemetry.ts";
import { endedTask, estimateOf, exampleInterval, nameInterval } from "./example-interval.ts";

const checkout = { "carbon_ops.task.name": "checkout" };

test("before the first interval nothing is told, not even 0", () => {
  const telemetry = new Telemetry();
  expect(telemetry.points("taskEnergy")).toEqual([]);
  expect(telemetry.points("hostEnergy")).toEqual([]);
});

test("totals are those since the start, and the parts of the process add up to it", () => {
  const telemetry = new Telemetry();
  telemetry.take(exampleInterval());
  const parts = telemetry.points("processEnergy").map(({ value }) => value);
  expect(telemetry.points("taskEnergy")).toEqual([{ attributes: checkout, value: 10 }]);
  expect(parts.reduce((sum, value) => sum + value, 0)).toBeCloseTo(18, 12);
  expect(telemetry.points("hostEnergy")).toEqual([{ attributes: { "hw.id": "host" }, value: 500 }]);
});

test("a part that falls by the chance of sampling stands still, and the parts still add up", () => {
  const telemetry = new Telemetry();
  telemetry.take(exampleInterval({ joules: new Map([["checkout", 10]]), outsideJoules: 5 }));
  telemetry.take(exampleInterval({ joules: new Map([["checkout", 14]]), outsideJoules: 3 }));
  const parts = telemetry.points("processEnergy");
  const outside = parts.find(({ attributes }) => attributes["carbon_ops.process.part"] === "outside_tasks");
  expect(outside?.value).toBe(5);
  expect(parts.reduce((sum, { value }) => sum + value, 0)).toBeCloseTo(20, 12);
});

test("the total of a name never goes back", () => {
  const telemetry = new Telemetry();
  telemetry.take(exampleInterval({ joules: new Map([["checkout", 10]]) }));
  telemetry.take(exampleInterval({ joules: new Map([["checkout", 9.5]]) }));
  expect(telemetry.points("taskEnergy")).toEqual([{ attributes: checkout, value: 10 }]);
});

test("whatever sampling does to the figures of an interval, no counter goes back, and the parts add up to the process", () => {
  const figure = fc.double({ min: -5, max: 20, noNaN: true });
  const interval = fc.record({ a: figure, b: figure, outsideJoules: figure });
  fc.assert(
    fc.property(fc.array(interval, { minLength: 1, maxLength: 8 }), (steps) => {
      const telemetry = new Telemetry();
      const totals = { a: 0, b: 0, outsideJoules: 0 };
      let shownBefore = new Map<string, number>();
      for (const step of steps) {
        // The process itself never has less than before.
        const growth = step.a + step.b + step.outsideJoules;
        totals.a += step.a;
        totals.b += step.b;
        totals.outsideJoules += step.outsideJoules - Math.min(0, growth);
        telemetry.take(
          exampleInterval({
            joules: new Map([
              ["a", totals.a],
              ["b", totals.b],
            ]),
            outsideJoules: totals.outsideJoules,
          }),
        );
        const shown = new Map(
          (["taskEnergy", "processEnergy", "hostEnergy"] as const).flatMap((key) =>
            telemetry.points(key).map(({ attributes, value }) => [key + JSON.stringify(attributes), value] as const),
          ),
        );
        for (const [series, value] of shownBefore) expect(shown.get(series)).toBeGreaterThanOrEqual(value);
        shownBefore = shown;
      }
      const sum = telemetry.points("processEnergy").reduce((total, { value }) => total + value, 0);
      expect(sum).toBeCloseTo(totals.a + totals.b + totals.outsideJoules + 3, 6);
    }),
  );
});

test("grams add up over intervals, with their bounds, by kind and scope of the intensity", async () => {
  const telemetry = new Telemetry();
  const carbon = await estimateOf(10);
  telemetry.take(exampleInterval({ names: [nameInterval("checkout", 10, carbon)] }));
  telemetry.take(exampleInterval({ names: [nameInterval("checkout", 10, carbon)] }));
  const [mean] = telemetry.points("taskEmissions");
  const [lower] = telemetry.points("taskEmissionsLower");
  const [upper] = telemetry.points("taskEmissionsUpper");
  expect(mean?.attributes).toEqual({
    ...checkout,
    "carbon_ops.intensity.kind": "average",
    "carbon_ops.intensity.scope": "lifecycle",
  });
  expect(mean?.value).toBeCloseTo(2 * carbon.grams, 15);
  expect(lower?.value).toBeCloseTo(2 * carbon.interval.lowerGrams, 15);
  expect(upper?.value).toBeCloseTo(2 * carbon.interval.upperGrams, 15);
});

test("power, intensity and uncertainty are those of the last interval", async () => {
  const telemetry = new Telemetry();
  telemetry.take(exampleInterval({ names: [nameInterval("checkout", 600, await estimateOf(600))] }));
  telemetry.take(exampleInterval({ names: [nameInterval("checkout", 120, await estimateOf(120))] }));
  expect(telemetry.points("taskPower")).toEqual([{ attributes: checkout, value: 2 }]);
  expect(telemetry.points("hostPower")).toEqual([{ attributes: { "hw.id": "host" }, value: 4 }]);
  expect(telemetry.points("gridIntensity")[0]?.attributes["carbon_ops.intensity.zone"]).toBe("GB");
  expect(telemetry.points("taskEnergyUncertainty")[0]?.value).toBeCloseTo(0.112, 3);
});

test("energy that nobody reads is left out, and grams too", () => {
  const telemetry = new Telemetry();
  telemetry.take({ ...exampleInterval({ names: [nameInterval("checkout", null, null)] }), hostJoules: null });
  expect(telemetry.points("taskPower")).toEqual([]);
  expect(telemetry.points("hostPower")).toEqual([]);
  expect(telemetry.points("taskEmissions")).toEqual([]);
});

test("a single task has grams as soon as an interval has told how many grams a joule is", async () => {
  const telemetry = new Telemetry();
  expect(telemetry.callPoints(endedTask("checkout", 1)).map(([key]) => key)).toEqual(["callEnergy"]);
  telemetry.take(exampleInterval({ names: [nameInterval("checkout", 10, await estimateOf(10))] }));
  expect(telemetry.callPoints(endedTask("checkout", 1)).map(([key]) => key)).toEqual(["callEnergy", "callEmissions"]);
});

test("single tasks of ten thousand names are told under a thousand, and the others together", () => {
  const telemetry = new Telemetry();
  const names = new Set(
    Array.from({ length: 10_000 }, (_, index) => telemetry.callPoints(endedTask(`task ${index}`, 1))).flatMap(
      (points) => points.map(([, { attributes }]) => attributes["carbon_ops.task.name"]),
    ),
  );
  expect(names.size).toBe(1001);
  expect(names.has("(other names)")).toBe(true);
});
