import { expect, test } from "vitest";
import type { CarbonEstimate } from "../../src/carbon/estimate.ts";
import { estimationOf } from "../../src/carbon/estimation.ts";
import { CarbonEstimator, type CarbonEstimatorOptions, type SpanEnergy } from "../../src/carbon/estimator.ts";
import { inputsOfRecord } from "../../src/carbon/recorded-inputs.ts";
import { intensityOfRecord } from "../../src/carbon/recorded-intensity.ts";
import { settlementOf, settlementQuestion } from "../../src/carbon/settlement.ts";
import { intensityChain } from "../../src/intensity/chain.ts";
import type { IntensityProvider, IntensitySeries } from "../../src/intensity/intensity.ts";
import { staticIntensity } from "../../src/intensity/static-provider.ts";
import { canonicalJson } from "../../src/ledger/canonical-json.ts";
import { maximumRecordBytes } from "../../src/ledger/line.ts";
import {
  buildCarbonEstimateRecord,
  type CarbonEstimateRecord,
  restatedEstimateRecord,
} from "../../src/record/carbon-estimate-record.ts";
import { buildRestatementRecord } from "../../src/record/restatement-record.ts";
import { hourly, liveProvider, liveSeries } from "./example-series.ts";

const startTs = "2025-07-01T10:00:00Z";
const endTs = "2025-07-01T14:00:00Z";
const interval = { startMs: Date.parse(startTs), endMs: Date.parse(endTs) };
const observed = liveSeries(hourly(startTs, [300, 280, 310, 290]));
const marginal = liveSeries(hourly(startTs, [600, 610, 620, 630]), {
  kind: "marginal",
  scope: "direct",
  hourSourceId: "intensity.hour/kind=marginal/zone=DE/provider=live",
});

const measured: SpanEnergy["energy"] = {
  meanWh: 6,
  additiveWh: 0.2,
  idle: { standardUncertaintyWh: 0.3, sourceId: "idle/host=a/cal=1" },
  gainLnSigma: 0.03,
  gainSourceId: "rapl.gain/host=a",
  gainCitation: "Khan et al. 2018",
  shareLnSigma: 0.03,
  boundary: "package_and_dram",
  provenance: "measured",
  host: "a",
};

const gpu = {
  meanWh: 20,
  additiveWh: 0.5,
  gainLnSigma: 0.05,
  gainSourceId: "nvml.gain/host=a",
  gainCitation: "judgement",
  shareLnSigma: 0.1,
  provenance: "measured",
} as const;

const minutes = Array.from({ length: 60 }, (_, index) => ({
  startMs: interval.startMs + index * 240_000,
  endMs: interval.startMs + (index + 1) * 240_000,
  energyWh: 1 + index,
}));

async function recordOf(options: CarbonEstimatorOptions, span: Partial<SpanEnergy> = {}) {
  const estimator = new CarbonEstimator({ region: "DE", ...options });
  const estimate = await estimator.estimateOverSpan({ startTs, endTs, energy: measured, ...span });
  return buildCarbonEstimateRecord({ type: "run", name: "train", estimate });
}

async function settled(record: CarbonEstimateRecord, ...providers: readonly IntensityProvider[]) {
  return settlementOf(record, await intensityChain(providers).lookup(interval, "DE"));
}

function restated(settlement: Awaited<ReturnType<typeof settled>>): CarbonEstimate {
  if (settlement.outcome === "restated") return settlement.estimate;
  throw new Error(`not restated: ${settlement.reason}`);
}

const live = (...series: readonly IntensitySeries[]): CarbonEstimatorOptions => ({
  intensity: { providers: [liveProvider(...series)] },
});

const gaps = liveSeries(hourly(startTs, [300, null, null, 290]));

test.each<[string, CarbonEstimatorOptions, Partial<SpanEnergy>]>([
  ["annual values", {}, {}],
  ["hourly values", live(observed, marginal), {}],
  ["energy at known times", live(observed, marginal), { energyByTime: minutes }],
  ["GPUs", live(observed), { energy: { ...measured, gpu } }],
  ["an energy that may be nothing", live(observed), { energy: { ...measured, meanWh: 0.1, additiveWh: 1 } }],
  ["a marginal rate alone", live(marginal), {}],
  ["gaps that are filled", live(gaps), {}],
  ["gaps that are dropped", { ...live(gaps), missingPolicy: "drop" }, {}],
  ["a stated place", { ...live(observed), pue: { value: 1.2, standardUncertainty: 0.1 }, wallFactor: 1.3 }, {}],
  ["a cloud's fleet", { region: "aws:eu-central-1" }, {}],
  [
    "declared hardware, per functional unit",
    {
      ...live(observed),
      embodied: { device: "server", resourceShare: 0.5 },
      functionalUnit: { unit: "job", count: 4 },
    },
    {},
  ],
  ["hardware of which a part is unknown", { ...live(observed), embodied: { device: "server" } }, {}],
  ["Monte Carlo", { ...live(observed), method: "monte_carlo", trials: 20_000, seed: 5 }, {}],
  ["another level", { ...live(observed), level: 0.9 }, {}],
])("made again from its record alone, an estimate with %s is the same to rounding", async (_, options, span) => {
  const record = await recordOf(options, span);
  const inputs = inputsOfRecord(record);
  if (inputs === null) throw new Error("the record holds no inputs");
  const kept = { isFallback: false, energyWh: record.energy_wh_stated };
  const again = [record, record.marginal].map((figures) =>
    figures === null ? null : intensityOfRecord(figures, kept),
  );
  const [main = null, other = null] = again;
  const estimate =
    record.intensity.kind === "average"
      ? estimationOf(inputs, { average: main, marginal: other, attempts: [] })
      : estimationOf(inputs, { average: null, marginal: main, attempts: [] });
  const rebuilt = restatedEstimateRecord(record, estimate);
  expect(rebuilt.notes).toEqual(record.notes);
  expect(closeTo({ ...rebuilt, attempts: [] })).toEqual({ ...closeTo({ ...record, attempts: [] }) });
});

/** Numbers to nine digits; the number of buckets that an error was summed over stands in words only. */
function closeTo(value: unknown): object {
  const text = JSON.stringify(value, (name, member: unknown) => {
    if (name === "citation" || name === "energy_by_time") return undefined;
    return typeof member === "number" ? Number(member.toPrecision(9)) : member;
  });
  return JSON.parse(text);
}

test("where trials were made until two digits were stable, they are again", async () => {
  const record = await recordOf({ ...live(observed), method: "monte_carlo", trials: 1000, seed: 5 });
  if (record.inputs === undefined) throw new Error("the record holds no inputs");
  const adaptive = { ...record, inputs: { ...record.inputs, trials: null } };
  expect([record, adaptive].map((each) => inputsOfRecord(each)?.sampling)).toEqual([
    { seed: 5, trials: 1000 },
    { seed: 5, trials: null },
  ]);
});

test("with the same intensities asked for anew there is nothing to restate", async () => {
  const record = await recordOf(live(observed, marginal), { energyByTime: minutes });
  expect(await settled(record, liveProvider(observed, marginal))).toMatchObject({ outcome: "unchanged" });
});

test("hours that were not known take the place of an annual value, weighted by the energy of the record", async () => {
  const record = await recordOf({}, { energyByTime: minutes });
  const settlement = await settled(record, liveProvider(observed));
  const direct = await recordOf(live(observed), { energyByTime: minutes });
  expect(restated(settlement).grams).toBeCloseTo(direct.grams, 9);
  expect(settlement.reason).toBe("live knows the hours that static had an annual value for");
});

test("a revision of one hour changes the grams by that hour's part of the energy", async () => {
  const record = await recordOf(live(liveSeries(observed.periods, { isProvisional: true })));
  const settlement = await settled(record, liveProvider(liveSeries(hourly(startTs, [300, 280, 310, 330]))));
  expect(restated(settlement).intensityGPerKwh).toBeCloseTo(305, 9);
  expect(settlement.reason).toBe("live revised its values");
});

test("values that are final now are said to be confirmed, once", async () => {
  const record = await recordOf(live(liveSeries(observed.periods, { isProvisional: true })));
  const settlement = await settled(record, liveProvider(observed));
  expect(settlement.reason).toBe("live confirmed its values");
  const confirmed = restatedEstimateRecord(record, restated(settlement));
  expect(settlementQuestion(confirmed, Number.POSITIVE_INFINITY)).toEqual({ reason: "settled" });
});

test("an annual value never takes the place of anything", async () => {
  const record = await recordOf(live(liveSeries(observed.periods, { isProvisional: true })));
  const { outcome, reason } = await settled(record, staticIntensity());
  expect([outcome, reason]).toEqual(["nothing_better", "only static answers, whose value is not of these hours"]);
});

test("another provider does not take the place of the one that the record is of", async () => {
  const record = await recordOf(live(liveSeries(observed.periods, { isProvisional: true })));
  const other = { ...liveProvider(liveSeries(hourly(startTs, [1, 1, 1, 1]), { providerId: "other" })), id: "other" };
  expect(await settled(record, other)).toMatchObject({
    outcome: "nothing_better",
    reason: expect.stringContaining("the record's value is of live"),
  });
});

test("combustion alone is another quantity than the life cycle, and restates nothing", async () => {
  const settlement = await settled(await recordOf({}), liveProvider(liveSeries(observed.periods, { scope: "direct" })));
  expect(settlement).toMatchObject({ outcome: "nothing_better", reason: expect.stringContaining("another quantity") });
});

test("values for half of the energy are not enough", async () => {
  const half = liveProvider(liveSeries(hourly(startTs, [300, 280])));
  expect(await settled(await recordOf({}), half)).toMatchObject({
    outcome: "nothing_better",
    reason: "live has values for 50 % of the energy only",
  });
});

test("a marginal rate that is known now is added, and the average stays as it was recorded", async () => {
  const record = await recordOf({});
  const estimate = restated(await settled(record, liveProvider(marginal), staticIntensity()));
  expect(estimate.grams).toBeCloseTo(record.grams, 9);
  expect(estimate.intensity.providerId).toBe("static");
  expect(estimate.marginal?.intensityGPerKwh).toBeCloseTo(615, 9);
});

test("a marginal record never becomes an average one", async () => {
  const record = await recordOf(live(liveSeries(marginal.periods, { ...marginal, isProvisional: true })));
  const estimate = restated(await settled(record, liveProvider(observed, marginal)));
  expect([estimate.intensity.kind, estimate.marginal]).toEqual(["marginal", null]);
});

function withoutInputs(record: CarbonEstimateRecord): CarbonEstimateRecord {
  const { inputs: _, ...older } = record;
  return older;
}

test.each<[string, (record: CarbonEstimateRecord) => CarbonEstimateRecord, string]>([
  ["is settled", (record) => ({ ...record, status: "settled" }), "settled"],
  ["is of an older version", withoutInputs, "no_inputs"],
  ["stands in for an unknown place", (record) => ({ ...record, quality_flag: "fallback" }), "region_unknown"],
])("a record that %s is not asked for", async (_, change, reason) => {
  const record = change(await recordOf({}));
  expect(settlementQuestion(record, Number.POSITIVE_INFINITY)).toEqual({ reason });
});

test("an energy without a time, and one of just now, are not asked for", async () => {
  const estimate = await new CarbonEstimator({ region: "DE" }).estimateFromEnergy({ energyWh: 5 });
  const timeless = buildCarbonEstimateRecord({ type: "estimate", estimate });
  expect(settlementQuestion(timeless, Number.POSITIVE_INFINITY)).toEqual({ reason: "no_time" });
  expect(settlementQuestion(await recordOf({}), interval.endMs - 1)).toEqual({ reason: "too_recent" });
  expect(settlementQuestion(await recordOf({}), interval.endMs)).toEqual({ zone: "DE", interval });
});

test("of energy at very many times the record keeps 96 parts, without losing any of it", async () => {
  const many = Array.from({ length: 1000 }, (_, index) => ({
    startMs: interval.startMs + index * 14_400,
    endMs: interval.startMs + (index + 1) * 14_400,
    energyWh: 0.006,
  }));
  const { inputs } = await recordOf(live(observed), { energyByTime: many });
  const parts = inputs?.energy_by_time ?? [];
  expect(parts.length).toBeLessThanOrEqual(96);
  expect(parts.reduce((sum, [, , energyWh]) => sum + energyWh, 0)).toBeCloseTo(6, 9);
  expect(parts.at(-1)?.[1]).toBe(interval.endMs - interval.startMs);
});

test("a long run with live values of both kinds and many labels has room in a line, restated too", async () => {
  const hours = 96 * 24;
  const long = { startTs, endTs: new Date(interval.startMs + hours * 3_600_000).toISOString() };
  const values = Array.from({ length: hours }, (_, index) => 300 + 100 * Math.sin(index));
  const both = [observed, marginal].map((series) => ({ ...series, periods: hourly(startTs, values) }));
  const energyByTime = Array.from({ length: 1024 }, (_, index) => ({
    startMs: interval.startMs + index * 540_000,
    endMs: interval.startMs + (index + 1) * 540_000,
    energyWh: 1 / 3 + index / 7,
  }));
  const record = await recordOf(live(...both), { ...long, energyByTime });
  const previous = { ...record, labels: { text: "x".repeat(16_300) } };
  const place = { seq: 1, lineHash: "a".repeat(64) };
  const restatement = buildRestatementRecord({
    createdAt: startTs,
    restates: place,
    reason: "live revised its values",
    previous,
    restated: previous,
  });
  expect(Buffer.byteLength(canonicalJson(restatement))).toBeLessThan(maximumRecordBytes);
});
