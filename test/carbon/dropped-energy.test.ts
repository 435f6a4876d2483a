import { expect, test } from "vitest";
import { aggregate } from "../../src/carbon/aggregate.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { settlementOf, settlementQuestion } from "../../src/carbon/settlement.ts";
import { intensityChain } from "../../src/intensity/chain.ts";
import { buildCarbonEstimateRecord, restatedEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { hourly, liveProvider, liveSeries } from "./example-series.ts";

const span = { startTs: "2026-03-08T00:00:00Z", endTs: "2026-03-08T02:00:00Z" };

/** 1 kWh over two hours, of which the provider knows the first: 100 g/kWh. */
async function halfKnown() {
  const series = liveSeries(hourly(span.startTs, [100]), { errors: [] });
  const estimator = new CarbonEstimator({
    region: "DE",
    pue: 1,
    wallFactor: 1,
    missingPolicy: "drop",
    intensity: { providers: [liveProvider(series)] },
  });
  const estimate = await estimator.estimateOverSpan({ ...span, energyWh: 1000 });
  return buildCarbonEstimateRecord({ type: "estimate", estimate });
}

test("the total of a record whose energy was dropped in part has an interval that holds its value", async () => {
  const { total } = await aggregate([await halfKnown()]);
  expect(total?.average).toMatchObject({ grams: 50, truncationGrams: 0, energyWh: 500 });
  expect(total?.average?.interval.lowerGrams).toBeLessThan(50);
  expect(total?.average?.interval.upperGrams).toBeGreaterThan(50);
});

test("a total names the energy that is in no gram", async () => {
  const record = await halfKnown();
  const { total } = await aggregate([record, record]);
  expect(total).toMatchObject({ energyWh: 1000, droppedEnergyWh: 1000, coveragePct: 50 });
  expect(total?.average?.droppedEnergyWh).toBe(1000);
});

test("an estimate that lacks an hour is neither settled nor measured, and a settlement fills the hour", async () => {
  const record = await halfKnown();
  expect(record).toMatchObject({ status: "provisional", quality_flag: "estimated", coverage_pct: 50 });
  const question = settlementQuestion(record, Date.parse("2026-03-11T00:00:00Z"));
  expect(question).toMatchObject({ zone: "DE" });
  const complete = liveProvider(liveSeries(hourly(span.startTs, [100, 300]), { errors: [] }));
  const interval = { startMs: Date.parse(span.startTs), endMs: Date.parse(span.endTs) };
  const settlement = settlementOf(record, await intensityChain([complete]).lookup(interval, "DE"));
  const estimate = settlement.outcome === "restated" ? settlement.estimate : null;
  expect(estimate?.grams).toBeCloseTo(200, 9);
  if (estimate === null) return;
  expect(restatedEstimateRecord(record, estimate)).toMatchObject({ status: "settled", coverage_pct: 100 });
});

test("idle energy that was cut at zero and dropped in part counts as truncation what was cut, not what was dropped", async () => {
  const record = { ...(await halfKnown()), energy_wh: 0.4, energy_wh_stated: 0 };
  const { total } = await aggregate([record]);
  expect(total?.average?.truncationGrams).toBeCloseTo(50, 9);
  expect(total?.average?.interval.lowerGrams).toBe(0);
});
