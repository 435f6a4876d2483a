import { expect, test } from "vitest";
import { unknownEnergy } from "../../src/monitor/energy-figures.ts";
import { summarise } from "../../src/monitor/summary.ts";
import { exampleMetric } from "./example-metric.ts";

test("spans are summed by operation, in the order in which operations first appeared", () => {
  const metrics = ["search", "checkout", "search"].map((operation) => exampleMetric({ operation }));
  expect(summarise(metrics, 0)).toMatchObject({
    count: 3,
    operations: [
      { operation: "search", count: 2, durationSeconds: 20, energyWhTotal: expect.closeTo(0.2, 12) },
      { operation: "checkout", count: 1, durationSeconds: 10, energyWhTask: expect.closeTo(0.0375, 12) },
    ],
  });
});

test("a span without energy is counted as such, and adds its time only", () => {
  const metrics = [exampleMetric(), exampleMetric({ energy: unknownEnergy("no counters") })];
  expect(summarise(metrics, 0).operations[0]).toMatchObject({
    count: 2,
    withoutEnergy: 1,
    durationSeconds: 20,
    energyWhTotal: expect.closeTo(0.1, 12),
    energyWhTask: expect.closeTo(0.0375, 12),
  });
});

test("an operation of which no span's energy is known has no energy, rather than 0", () => {
  const metrics = [exampleMetric({ energy: unknownEnergy("no counters") })];
  expect(summarise(metrics, 0).operations[0]).toMatchObject({ energyWhTask: null, energyWhTotal: null });
});

test("spans that ran beside others are counted, since their sum has energy more than once", () => {
  const metrics = [exampleMetric({ overlapped: true }), exampleMetric({ overlapped: true }), exampleMetric()];
  expect(summarise(metrics, 0).operations[0]?.overlapped).toBe(2);
});

test("a summary says how many spans it no longer knows", () => {
  expect(summarise([], 12)).toEqual({ count: 0, dropped: 12, operations: [] });
});
