import { expect, test } from "vitest";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import { buildCarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { parseRecord } from "../../src/record/parse-record.ts";
import { buildRestatementRecord } from "../../src/record/restatement-record.ts";
import { hourly, liveProvider, liveSeries } from "../carbon/example-series.ts";

const ten = "2025-07-01T10:00:00Z";
const first = { seq: 4, lineHash: "a".repeat(64) };

async function recordWith(gramsPerKwh: number, isProvisional: boolean, region = "DE") {
  const series = liveSeries(hourly(ten, [gramsPerKwh]), { isProvisional, zone: region });
  const estimator = new CarbonEstimator({ region, pue: 1, intensity: { providers: [liveProvider(series)] } });
  const estimate = await estimator.estimateOverSpan({ startTs: ten, endTs: "2025-07-01T11:00:00Z", energyWh: 1000 });
  return buildCarbonEstimateRecord({ type: "span", estimate });
}

async function restatement(replaces?: typeof first) {
  return buildRestatementRecord({
    createdAt: "2025-07-08T00:00:00.000Z",
    restates: first,
    replaces,
    reason: "live revised 1 of 1 periods",
    previous: await recordWith(300, true),
    restated: await recordWith(320, false),
  });
}

test("a restatement points at the first record and holds the old value, the new one and their difference", async () => {
  const record = await restatement();
  expect(record).toMatchObject({
    kind: "restatement",
    restates: { seq: 4, line_hash: "a".repeat(64) },
    replaces: { seq: 4 },
    old: { intensity_g_per_kwh: 300 },
    new: { intensity_g_per_kwh: 320 },
    reason: "live revised 1 of 1 periods",
    record: { kind: "carbon_estimate", status: "settled" },
  });
  expect(record.difference_grams).toBeCloseTo(20, 9);
});

test("a later restatement names the one that it replaces, and the first record too", async () => {
  const replaces = { seq: 9, lineHash: "b".repeat(64) };
  expect(await restatement(replaces)).toMatchObject({ restates: { seq: 4 }, replaces: { seq: 9 } });
});

test("it survives being written and read", async () => {
  const record = await restatement();
  expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
});

test("an estimate of something else is no newer value", async () => {
  const other = { createdAt: "2025-07-08T00:00:00.000Z", restates: first, reason: "a mistake" };
  const [previous, restated] = [await recordWith(300, true), await recordWith(320, false, "FR")];
  expect(() => buildRestatementRecord({ ...other, previous, restated })).toThrow(
    "The restated estimate has another region than the record that it replaces, so it is of something else; restate the same task.",
  );
});

test("a hash that is none is refused", async () => {
  const bad = { ...(await restatement()), restates: { seq: 4, line_hash: "xyz" } };
  expect(() => parseRecord(bad)).toThrow(expect.objectContaining({ code: "RECORD_INVALID" }));
});
