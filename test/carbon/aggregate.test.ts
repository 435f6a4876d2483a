import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type Aggregate, aggregate, openAggregator } from "../../src/carbon/aggregate.ts";
import type { AggregateItem, EstimateToSum, FiguresToSum } from "../../src/carbon/aggregate-record.ts";
import type { BudgetRow } from "../../src/carbon/estimate.ts";
import { CarbonEstimator } from "../../src/carbon/estimator.ts";
import type { TaskEnergy } from "../../src/carbon/task-energy.ts";
import { buildCarbonEstimateRecord } from "../../src/record/carbon-estimate-record.ts";
import { seededNormals } from "../uncertainty/seeded-normals.ts";

const anHour = { startTs: "2025-07-01T10:00:00Z", endTs: "2025-07-01T11:00:00Z" };

/** One hour of a task on host a in Germany: 10 g, half of whose error is shared by everything on that host. */
function record(changes: Partial<EstimateToSum> = {}): EstimateToSum {
  return {
    kind: "carbon_estimate",
    status: "settled",
    region: "DE",
    source: "ember",
    host: "a",
    labels: { team: "search" },
    start_ts: "2026-01-01T10:00:00.000Z",
    energy_wh: 30,
    energy_wh_stated: 30,
    coverage_pct: 100,
    quality_flag: "measured",
    ...figures(10),
    marginal: null,
    ...changes,
  };
}

function figures(grams: number, kind: "average" | "marginal" = "average"): FiguresToSum {
  return {
    grams,
    operational_grams: grams,
    intensity: { kind, scope: kind === "average" ? "lifecycle" : "direct", autocorrelation_per_hour: 0.5 },
    components: { "rapl.gain/host=a": 0.3 },
    private_uncertainty_grams: 0.4,
  };
}

function uOf({ total }: Aggregate): number {
  return total?.average?.standardUncertaintyGrams ?? Number.NaN;
}

test("means add up; shared errors add linearly and private ones in quadrature", async () => {
  const { total } = await aggregate([record(), record(), record(), record()]);
  expect(total).toMatchObject({ recordCount: 4, energyWh: 120, coveragePct: 100, qualityFlag: "measured" });
  expect(total?.average?.grams).toBe(40);
  expect(total?.average?.standardUncertaintyGrams).toBeCloseTo(Math.hypot(4 * 0.3, 2 * 0.4), 12);
});

test("groups by name, region, source, host, day and label, or by several at once", async () => {
  const records = [
    record(),
    record({ name: "train", region: "FR", host: null, labels: {} }),
    record({ start_ts: "2026-01-02T00:00:00.000Z" }),
  ];
  const namesBy = async (by: Parameters<typeof openAggregator>[0]["by"]): Promise<unknown> =>
    (await aggregate(records, by === undefined ? {} : { by })).groups.map(({ keys, recordCount }) => [
      ...keys.values(),
      recordCount,
    ]);
  expect(await namesBy("name")).toEqual([
    ["train", 1],
    [null, 2],
  ]);
  expect(await namesBy("region")).toEqual([
    ["DE", 2],
    ["FR", 1],
  ]);
  expect(await namesBy("source")).toEqual([["ember", 3]]);
  expect(await namesBy("day")).toEqual([
    ["2026-01-01", 2],
    ["2026-01-02", 1],
  ]);
  expect(await namesBy("host")).toEqual([
    ["a", 2],
    [null, 1],
  ]);
  expect(await namesBy("label:team")).toEqual([
    ["search", 2],
    [null, 1],
  ]);
  expect(await namesBy(["region", "day"])).toEqual([
    ["DE", "2026-01-01", 1],
    ["DE", "2026-01-02", 1],
    ["FR", "2026-01-01", 1],
  ]);
  expect(await namesBy(undefined)).toEqual([[3]]);
});

test("average and marginal grams are summed apart, each over the records that have it", async () => {
  const { total } = await aggregate([record({ marginal: figures(20, "marginal") }), record()]);
  expect(total?.average).toMatchObject({ grams: 20, recordCount: 2, scopes: ["lifecycle"] });
  expect(total?.marginal).toMatchObject({ grams: 20, recordCount: 1, energyWh: 30, scopes: ["direct"] });
});

test("a record whose own figures are marginal adds to no average", async () => {
  const { total } = await aggregate([record({ ...figures(7, "marginal") })]);
  expect(total?.average).toBeNull();
  expect(total?.marginal?.grams).toBe(7);
});

test("of a restated record the latest counts, once", async () => {
  const first = record();
  const restatement = { kind: "restatement" as const, record: record({ grams: 12, operational_grams: 12 }) };
  const { total, supersededCount } = await aggregate([first, restatement], {
    isSuperseded: (_item, index) => index === 0,
  });
  expect(total?.average?.grams).toBe(12);
  expect(total?.recordCount).toBe(1);
  expect(supersededCount).toBe(1);
});

test("notes and the ledger's own records are counted and not summed", async () => {
  const { total, otherCount } = await aggregate([{ kind: "note" }, { kind: "genesis" }]);
  expect(total).toBeNull();
  expect(otherCount).toBe(2);
});

test("the weakest quality and the coverage by energy are those of the group", async () => {
  const { total } = await aggregate([
    record({ energy_wh: 10 }),
    record({ energy_wh: 30, coverage_pct: 0, quality_flag: "fallback", status: "provisional" }),
  ]);
  expect(total).toMatchObject({
    coveragePct: 25,
    qualityFlag: "fallback",
    qualityCounts: { measured: 1, estimated: 0, fallback: 1 },
    provisionalCount: 1,
  });
});

test("the interval is computed anew, and narrower in per cent than the records' own", async () => {
  const { total } = await aggregate(Array.from({ length: 100 }, () => record({ components: {} })));
  const { lowerGrams, upperGrams, kind } = total?.average?.interval ?? { lowerGrams: 0, upperGrams: 0, kind: "" };
  expect(kind).toBe("equal_tailed");
  expect((upperGrams - lowerGrams) / 1000).toBeCloseTo((2 * 1.96 * 0.4) / 100, 3);
});

test("many idle tasks, each cut at zero, do not become a certain emission", async () => {
  // Parent 0 +- 1 g each: the mean after truncation is 0.80 g with 0.60 g; summed, 80 +- 6 g would exclude the truth, which is 0.
  const idle = record({
    grams: 0.8,
    operational_grams: 0.8,
    energy_wh: 0.8,
    energy_wh_stated: 0,
    components: {},
    private_uncertainty_grams: 0.6,
  });
  const { total } = await aggregate(Array.from({ length: 100 }, () => idle));
  expect(total?.average?.truncationGrams).toBeCloseTo(80, 10);
  expect(total?.average?.interval).toMatchObject({ kind: "upper_limit", lowerGrams: 0 });
  const half = await aggregate(
    Array.from({ length: 100 }, () => ({
      ...idle,
      grams: 1,
      operational_grams: 1,
      energy_wh: 1,
      energy_wh_stated: 0.5,
    })),
  );
  expect(half.total?.average?.interval.lowerGrams).toBeLessThan(50);
  expect(half.total?.average?.interval.upperGrams).toBeGreaterThan(100);
});

test("hours of one zone hang together by the autocorrelation that the records state", async () => {
  const hour = (name: string): EstimateToSum =>
    record({ components: { [`intensity.hour/zone=DE/t=2026-01-01T${name}Z`]: 3 }, private_uncertainty_grams: 0 });
  expect(uOf(await aggregate([hour("10"), hour("11")]))).toBeCloseTo(Math.sqrt(9 + 9 + 2 * 9 * 0.5), 12);
  expect(uOf(await aggregate([hour("10"), hour("10")]))).toBe(6);
});

test("years of hours are folded day by day: the memory stays bounded, and the uncertainty the same", async () => {
  const hourly = (index: number): EstimateToSum => {
    const start = new Date(Date.UTC(2024, 0, 1) + index * 3_600_000).toISOString();
    return record({
      start_ts: start,
      components: { [`intensity.hour/zone=DE/t=${start.slice(0, 13)}Z`]: 1 },
      private_uncertainty_grams: 0,
    });
  };
  const count = 3 * 8760;
  const result = await aggregate(Array.from({ length: count }, (_, index) => hourly(index)));
  const rho = 0.5;
  const exact = Math.sqrt((count * (1 + rho)) / (1 - rho) - (2 * rho) / (1 - rho) ** 2);
  expect(result.total?.average?.components.size).toBeLessThan(12_000);
  expect(uOf(result) / exact).toBeCloseTo(1, 6);
});

test("the order of records does not matter", async () => {
  const some = fc.array(
    fc.record({ region: fc.constantFrom("DE", "FR"), grams: fc.double({ min: 0.1, max: 9, noNaN: true }) }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(some, async (changes) => {
      const records = changes.map((change) => record({ ...change, operational_grams: change.grams }));
      const forward = await aggregate(records, { by: "region" });
      const backward = await aggregate(records.toReversed(), { by: "region" });
      expect(backward.groups.map(({ keys }) => [...keys])).toEqual(forward.groups.map(({ keys }) => [...keys]));
      expect(uOf(backward)).toBeCloseTo(uOf(forward), 10);
      expect(backward.total?.average?.grams).toBeCloseTo(forward.total?.average?.grams ?? Number.NaN, 10);
    }),
  );
});

test("records come from a stream too, and as the estimator writes them", async () => {
  const estimate = await new CarbonEstimator({ region: "DE" }).estimateFromEnergy({ energyWh: 100 });
  const written = buildCarbonEstimateRecord({ type: "estimate", estimate });
  async function* stream(): AsyncGenerator<typeof written> {
    yield written;
    yield written;
  }
  const { total } = await aggregate(stream());
  expect(total?.average?.grams).toBeCloseTo(2 * written.grams, 10);
  expect(total?.average?.standardUncertaintyGrams).toBeCloseTo(2 * written.standard_uncertainty_grams, 6);
});

test("what cannot be summed is refused, not taken as 0", async () => {
  await expect(aggregate([record({ grams: Number.NaN })])).rejects.toThrow("grams NaN");
  await expect(aggregate([record({ grams: -5 })])).rejects.toThrow("grams -5, which cannot be below 0");
  await expect(aggregate([record({ components: { x: Number.POSITIVE_INFINITY } })])).rejects.toThrow(
    "component x Infinity",
  );
  await expect(aggregate([record({ components: { x: Number.NaN } })])).rejects.toThrow("component x NaN");
  await expect(aggregate([], { by: "label:" })).rejects.toThrow("cannot be grouped by");
  await expect(aggregate([], { level: 1 })).rejects.toThrow("level is 1");
});

test.each(["null", '"text"', "7"])("%s among the records is refused in one sentence", async (text) => {
  const items: AggregateItem[] = JSON.parse(`[${text}]`);
  await expect(aggregate(items)).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: expect.stringMatching(/^An item to be summed is .+, but must be an object; /),
  });
});

test("totals written as JSON keep their named sources, in snake_case", async () => {
  const { total } = await aggregate([record()], { by: "label:team" });
  expect(JSON.parse(JSON.stringify(total))).toMatchObject({
    record_count: 1,
    dropped_energy_wh: 0,
    average: { components: { "rapl.gain/host=a": 0.3 }, private_uncertainty_grams: 0.4 },
    marginal: null,
  });
  const whole = await aggregate([record()], { by: "label:team" });
  expect(JSON.parse(JSON.stringify(whole))).toMatchObject({ groups: [{ keys: { "label:team": "search" } }] });
  expect(JSON.parse(JSON.stringify(total?.average))).toMatchObject({ standard_uncertainty_grams: 0.5 });
});

/** 1 Wh of standard uncertainty about nothing, on one host whose gain is known to 5 %. */
const nearIdle: TaskEnergy = {
  meanWh: 0,
  additiveWh: 1,
  gainLnSigma: 0.05,
  gainSourceId: "rapl.gain/host=a",
  gainCitation: "Khan et al. 2018",
  shareLnSigma: 0,
  boundary: "server_wall",
  provenance: "measured",
};

test.each([
  ["near-idle", nearIdle],
  ["ordinary", { ...nearIdle, meanWh: 10, idle: { standardUncertaintyWh: 0.5, sourceId: "idle/host=a/cal=1" } }],
  ["heavy-tailed", { ...nearIdle, meanWh: 10, gainLnSigma: 0.8 }],
])(
  "100 %s tasks are together as uncertain as independent energies times the errors that they share",
  async (_, energy) => {
    const estimator = new CarbonEstimator({ region: "DE", pue: 1.2 });
    const estimate = await estimator.estimateOverSpan({ ...anHour, energy });
    const written = buildCarbonEstimateRecord({ type: "run", estimate });
    const { total } = await aggregate(Array.from({ length: 100 }, () => written));
    const additive = estimate.budget.filter(({ distribution }) => distribution === "truncated_normal");
    const relativeSquare = ({ standardUncertainty: u, estimate: mean }: BudgetRow): number => (u / mean) ** 2;
    const [own, ...idle] = additive.map(relativeSquare);
    const shared = [...idle, ...estimate.budget.filter((row) => !additive.includes(row)).map(relativeSquare)];
    const sharedProduct = shared.reduce((product, square) => product * (1 + square), 1);
    const factors = sharedProduct / (1 + (idle[0] ?? 0));
    const exact = 100 * estimate.grams * Math.sqrt(sharedProduct - 1 + ((own ?? 0) * factors) / 100);
    expect((total?.average?.standardUncertaintyGrams ?? 0) / exact).toBeCloseTo(1, 9);
  },
);

test("the total of 100 near-idle tasks is no wider than it is: 11.6 g for a scatter that a simulation puts at 11.6 g", async () => {
  const estimate = await new CarbonEstimator({ region: "DE", pue: 1.2 }).estimateOverSpan({
    ...anHour,
    energy: nearIdle,
  });
  const written = buildCarbonEstimateRecord({ type: "run", estimate });
  const { total } = await aggregate(Array.from({ length: 100 }, () => written));
  const [, ...factors] = estimate.budget;
  const lnSigmas = factors.map(({ lnSigma }) => lnSigma ?? 0);
  const normal = seededNormals(20264);
  const gramsPerWh = estimate.grams / estimate.energyWh;
  const truths = Array.from({ length: 20_000 }, () => {
    let energyWh = 0;
    for (let task = 0; task < 100; task += 1) energyWh += Math.abs(normal());
    return lnSigmas.reduce(
      (grams, lnSigma) => grams * Math.exp(lnSigma * normal() - lnSigma ** 2 / 2),
      gramsPerWh * energyWh,
    );
  });
  const mean = truths.reduce((sum, truth) => sum + truth, 0) / truths.length;
  const scatter = Math.sqrt(truths.reduce((sum, truth) => sum + (truth - mean) ** 2, 0) / truths.length);
  expect((total?.average?.standardUncertaintyGrams ?? 0) / scatter).toBeGreaterThan(0.97);
  expect((total?.average?.standardUncertaintyGrams ?? 0) / scatter).toBeLessThan(1.03);
});

test("the interval of a total over 100 heavy-tailed tasks holds 95 % of what they say may be true", async () => {
  const energy = { ...nearIdle, meanWh: 10, gainLnSigma: 0.8 };
  const estimate = await new CarbonEstimator({ region: "DE", pue: 1.2 }).estimateOverSpan({ ...anHour, energy });
  const written = buildCarbonEstimateRecord({ type: "run", estimate });
  const { total } = await aggregate(Array.from({ length: 100 }, () => written));
  const lnSigma = Math.hypot(...estimate.budget.map((row) => row.lnSigma ?? 0));
  const normal = seededNormals(7);
  const { lowerGrams, upperGrams } = total?.average?.interval ?? { lowerGrams: 0, upperGrams: 0 };
  const count = 40_000;
  let inside = 0;
  for (let draw = 0; draw < count; draw += 1) {
    const shared = Math.exp(lnSigma * normal() - lnSigma ** 2 / 2);
    // The hundred energies of 10 +- 1 Wh, together 1000 +- 10 Wh.
    const grams = 100 * estimate.grams * shared * (1 + normal() / 100);
    if (grams >= lowerGrams && grams <= upperGrams) inside += 1;
  }
  expect(Math.abs(inside / count - 0.95)).toBeLessThan(0.005);
});

test("a label with a value of its own per record ends with a sentence, not with the memory", () => {
  const aggregator = openAggregator({ by: "label:request" });
  const all = (): void => {
    for (let index = 0; index <= 20_000; index += 1) aggregator.add(record({ labels: { request: String(index) } }));
  };
  expect(all).toThrow("more than 20000 groups");
});

test("calls add up beside what the records that count them hold, and are null where none does", async () => {
  const marginal = figures(4, "marginal");
  const counted = record({ calls: { started: 3 }, marginal, energy_wh_stated: -1, labels: { team: "a" } });
  const { total, groups } = await aggregate([counted, counted, record({ calls: { started: 0 } }), record()], {
    by: "label:team",
  });
  expect(total?.calls).toEqual({
    recordCount: 3,
    started: 6,
    energyWhStated: 28,
    averageGrams: 30,
    marginalGrams: 8,
  });
  expect(groups.map(({ calls }) => calls?.started ?? null)).toEqual([6, 0]);
  expect((await aggregate([record()])).total?.calls).toBeNull();
});

test("a number of calls that is none is refused", async () => {
  await expect(aggregate([record({ calls: { started: Number.NaN } })])).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: expect.stringContaining("calls.started"),
  });
});
