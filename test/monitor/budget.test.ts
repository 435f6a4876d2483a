import { expect, test } from "vitest";
import { energyInterval } from "../../src/carbon/energy-interval.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { judgeBudget } from "../../src/monitor/budget.ts";
import { taskEnergyOf } from "../../src/monitor/task-energy.ts";
import { exampleFigures } from "./example-metric.ts";

async function taskOfTenSeconds() {
  const energy = taskEnergyOf(exampleFigures());
  if (energy === null) throw new Error("the example has energy");
  const estimate = await new CarbonEstimator({ region: "GB" }).estimateFromEnergy({ energy });
  return { estimate, interval: energyInterval(energy, 0.95) };
}

test("without limits there is nothing to judge", async () => {
  const { estimate, interval } = await taskOfTenSeconds();
  expect(judgeBudget({ on: "upper" }, estimate, interval)).toEqual([]);
});

test("a limit between the mean and the upper limit holds on the mean and not on the upper limit", async () => {
  const { estimate, interval } = await taskOfTenSeconds();
  const maxGrams = (estimate.grams + estimate.interval.upperGrams) / 2;
  const maxWh = (interval.meanWh + interval.upperWh) / 2;
  expect(judgeBudget({ maxGrams, maxWh, on: "upper" }, estimate, interval)).toEqual([
    { quantity: "grams", limit: maxGrams, judged: estimate.interval.upperGrams, on: "upper", exceeded: true },
    { quantity: "watt_hours", limit: maxWh, judged: interval.upperWh, on: "upper", exceeded: true },
  ]);
  expect(judgeBudget({ maxGrams, maxWh, on: "mean" }, estimate, interval)).toEqual([
    { quantity: "grams", limit: maxGrams, judged: estimate.grams, on: "mean", exceeded: false },
    { quantity: "watt_hours", limit: maxWh, judged: interval.meanWh, on: "mean", exceeded: false },
  ]);
});

test("each limit is judged by itself", async () => {
  const { estimate, interval } = await taskOfTenSeconds();
  const verdicts = judgeBudget({ maxGrams: 1e6, maxWh: 1e-9, on: "mean" }, estimate, interval);
  expect(verdicts.map(({ quantity, exceeded }) => [quantity, exceeded])).toEqual([
    ["grams", false],
    ["watt_hours", true],
  ]);
});

test("a budget that is used up exactly is not exceeded", async () => {
  const { estimate, interval } = await taskOfTenSeconds();
  const [verdict] = judgeBudget({ maxWh: interval.upperWh, on: "upper" }, estimate, interval);
  expect(verdict?.exceeded).toBe(false);
});
