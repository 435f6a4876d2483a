import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CarbonEstimator, type CarbonEstimatorOptions, defaultLevel } from "../../src/carbon/estimator.ts";
import type { TaskEnergy } from "../../src/carbon/task-energy.ts";
import { CarbonOpsError } from "../../src/errors.ts";
import { unknownEnergy } from "../../src/monitor/energy-figures.ts";
import { taskEnergyOf } from "../../src/monitor/task-energy.ts";
import { hourly, liveProvider, liveSeries } from "./example-series.ts";

const clock = { wallMs: () => Date.parse("2025-07-01T12:00:00Z") };
const hour = { startTs: "2025-07-01T10:00:00Z", endTs: "2025-07-01T11:00:00Z" };

/** A measured task of 100 Wh, alone on its host, with a 5 % sensor. */
const measured: TaskEnergy = {
  meanWh: 100,
  additiveWh: 2,
  gainLnSigma: 0.05,
  gainSourceId: "rapl.gain/host=a",
  gainCitation: "Khan et al. 2018",
  shareLnSigma: 0.1,
  boundary: "package_and_dram",
  provenance: "measured",
};

/**
 * Half a kilowatt-hour (5 %), wall factor 1.15 (6 %), PUE 1.15 (2.6 %), Germany's annual 342 g/kWh (16 % publisher, 28 % hour, 5 %
 * age). By hand, first order: sqrt(.05^2 + .06^2 + .026^2 + .16^2 + .28^2 + .05^2) = 0.337, so u = 76 g; the products of errors,
 * which the first order leaves out, add another gram.
 */
test("a hand-checked hour in Germany: 226.1 g with an uncertainty of 77 g", async () => {
  const estimator = new CarbonEstimator({
    region: "DE",
    pue: { value: 1.15, standardUncertainty: 0.03 },
    wallFactor: { value: 1.15, standardUncertainty: 0.069 },
    clock,
  });
  const estimate = await estimator.estimateOverSpan({ ...hour, energyWh: 500, energyRelativeUncertainty: 0.05 });
  expect(estimate.grams).toBeCloseTo(226.1, 1);
  const relatives = estimate.budget.map(({ estimate: value, standardUncertainty }) => standardUncertainty / value);
  expect(estimate.grams * Math.hypot(...relatives)).toBeCloseTo(76.1, 1);
  expect(estimate.standardUncertaintyGrams).toBeCloseTo(77.1, 1);
  expect(estimate.interval.lowerGrams).toBeCloseTo(111.7, 1);
  expect(estimate.interval.upperGrams).toBeCloseTo(410.1, 1);
});

test("grams are energy times wall factor times PUE times intensity", async () => {
  const estimator = new CarbonEstimator({ region: "FR", pue: 1.5, wallFactor: 1.2, clock });
  const estimate = await estimator.estimateOverSpan({ ...hour, energyWh: 1000 });
  expect(estimate.grams).toBeCloseTo(1 * 1.2 * 1.5 * 44, 9);
  expect(estimate).toMatchObject({ energyKwh: 1, pueUsed: 1.5, wallFactorUsed: 1.2, intensityGPerKwh: 44 });
  expect(estimate.totalEnergyWithPueKwh).toBeCloseTo(1.8, 12);
});

test("energy counted by CPU counters gets a wall factor, energy counted at the plug must not", async () => {
  const estimator = new CarbonEstimator({ region: "DE", pue: 1, clock });
  const counted = await estimator.estimateOverSpan({ ...hour, energy: measured });
  const plug = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, boundary: "server_wall" } });
  expect(counted.wallFactorUsed).toBe(1.2);
  expect(plug.wallFactorUsed).toBe(1);
});

test("a stated wall factor is not applied to energy that is counted at the plug, and the estimate says so", async () => {
  const estimator = new CarbonEstimator({ region: "DE", wallFactor: 1.3, clock });
  const plug = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, boundary: "server_wall" } });
  expect(plug.wallFactorUsed).toBe(1);
  expect(plug.notes).toContain("The stated wall factor was not applied: this energy is counted at the plug already.");
});

test("without a region the world average stands in, flagged as a fallback that covers nothing", async () => {
  const estimate = await new CarbonEstimator({ clock }).estimateFromEnergy({ energyWh: 1000 });
  expect(estimate).toMatchObject({ region: "global-average", qualityFlag: "fallback", coveragePct: 0 });
  expect(estimate.notes).toContain("No region was given: the world average stands in, uncertain by a factor of 2.");
});

test("an annual average makes even a measured energy an estimate", async () => {
  const estimate = await new CarbonEstimator({ region: "DE", clock }).estimateOverSpan({ ...hour, energy: measured });
  expect(estimate).toMatchObject({ qualityFlag: "estimated", coveragePct: 100 });
});

test("a live provider's observation of a measured energy is measured", async () => {
  const observed = liveProvider(liveSeries(hourly(hour.startTs, [300])));
  const estimator = new CarbonEstimator({ region: "DE", clock, intensity: { providers: [observed] } });
  expect((await estimator.estimateOverSpan({ ...hour, energy: measured })).qualityFlag).toBe("measured");
  const modelled = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, provenance: "estimated" } });
  expect(modelled.qualityFlag).toBe("estimated");
});

test("energy without an uncertainty is taken as exact, and the estimate says so", async () => {
  const estimate = await new CarbonEstimator({ region: "DE", clock }).estimateFromEnergy({ energyWh: 10 });
  expect(estimate.notes).toContain("The energy was taken as exact: no uncertainty was given with it.");
  expect(estimate.budget[0]).toMatchObject({ quantity: "energy, what does not scale with it", distribution: "exact" });
});

test("a modelled energy is named as such", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const estimate = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, provenance: "estimated" } });
  expect(estimate.notes).toContain("The energy was computed by a model, not measured.");
});

test("the marginal figure stands beside the average one, with its own kind, scope and interval", async () => {
  const estimate = await new CarbonEstimator({ region: "DE", pue: 1, clock }).estimateOverSpan({
    ...hour,
    energyWh: 1000,
  });
  expect(estimate.intensity).toMatchObject({ kind: "average", scope: "lifecycle" });
  expect(estimate.marginal?.intensity).toMatchObject({ kind: "marginal", scope: "direct" });
  expect(estimate.marginal?.grams).toBeCloseTo(731, 9);
  expect(estimate.grams).toBeCloseTo(342, 9);
});

test("where no marginal rate is known the estimate says that it is an average", async () => {
  const estimate = await new CarbonEstimator({ region: "KE", clock }).estimateFromEnergy({ energyWh: 1 });
  expect(estimate.marginal).toBeNull();
  expect(estimate.notes).toContainEqual(expect.stringMatching(/^No marginal intensity is known for this zone/));
});

test("an energy slightly below zero gives an upper limit, and says how much was excluded", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const estimate = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, meanWh: -1, additiveWh: 2 } });
  expect(estimate.interval).toMatchObject({ kind: "upper_limit", lowerGrams: 0 });
  expect(estimate.energyWhStated).toBe(-1);
  expect(estimate.energyWh).toBeGreaterThan(0);
  expect(estimate.energyMassBelowZero).toBeCloseTo(0.691, 3);
  expect(estimate.notes.some((note) => note.startsWith("The energy is a difference"))).toBe(true);
});

test("no energy at all is 0 g, exactly", async () => {
  const estimate = await new CarbonEstimator({ region: "DE", clock }).estimateFromEnergy({ energyWh: 0 });
  expect(estimate.interval).toMatchObject({ lowerGrams: 0, upperGrams: 0 });
  expect(estimate).toMatchObject({ grams: 0, standardUncertaintyGrams: 0, uncertaintyPct: null });
});

test("300 W over two hours is 600 Wh, ending now when no time is given", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const estimate = await estimator.estimateFromPowerTime({ powerWatts: 300, durationSeconds: 7200 });
  expect(estimate.energyWh).toBeCloseTo(600, 12);
  expect(estimate).toMatchObject({ startTs: null, endTs: null });
  expect(estimate.budget.some(({ sourceId }) => sourceId.endsWith("zone=DE/day=2025-07-01"))).toBe(true);
});

test("a power with a start alone ends after its duration", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const estimate = await estimator.estimateFromPowerTime({
    powerWatts: 1,
    durationSeconds: 60,
    startTs: new Date("2025-01-01T00:00:00Z"),
  });
  expect(estimate).toMatchObject({ startTs: "2025-01-01T00:00:00.000Z", endTs: "2025-01-01T00:01:00.000Z" });
});

test("a power's uncertainty is that of its energy", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const power = { powerWatts: 300, durationSeconds: 7200 };
  const uncertain = await estimator.estimateFromPowerTime({ ...power, energyRelativeUncertainty: 0.5 });
  const row = uncertain.budget.find(({ sourceId }) => sourceId === "energy.gain/stated");
  expect(row?.standardUncertainty).toBeCloseTo(0.5, 12);
});

test("an energy that is known to 8 % is recorded with its 8 %, and no row says that it is exact and nothing else", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const estimate = await estimator.estimateFromEnergy({ energyWh: 500, energyRelativeUncertainty: 0.08 });
  expect(estimate.energyStandardUncertaintyWh).toBeCloseTo(40, 9);
  expect(estimate.budget.map(({ citation }) => citation)).not.toContain("taken as exact");
});

test("the energy's standard uncertainty holds all of its errors: what is added, gain and share", async () => {
  const estimate = await new CarbonEstimator({ region: "DE", clock }).estimateOverSpan({ ...hour, energy: measured });
  const scaling = Math.expm1(0.05 ** 2 + 0.1 ** 2);
  expect(estimate.energyStandardUncertaintyWh).toBeCloseTo(Math.sqrt(100 ** 2 * scaling + 4 * (1 + scaling)), 9);
});

test("an uncertainty that was stated with an energy is that estimate's alone: independent tasks do not share it", async () => {
  const estimator = new CarbonEstimator({ region: "DE", pue: 1, clock });
  const estimate = await estimator.estimateFromEnergy({ energyWh: 500, energyRelativeUncertainty: 0.08 });
  expect([...estimate.components.keys()]).not.toContain("energy.gain/stated");
  expect(estimate.privateUncertaintyGrams / estimate.grams).toBeGreaterThan(0.08);
  expect(Math.hypot(...estimate.components.values(), estimate.privateUncertaintyGrams)).toBeCloseTo(
    estimate.standardUncertaintyGrams,
    9,
  );
});

test("a duration that contradicts the times is refused, and one that was rounded is not", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  await expect(
    estimator.estimateFromPowerTime({ powerWatts: 300, durationSeconds: 7200, ...hour }),
  ).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: "durationSeconds is 7200, but startTs and endTs are 3600 s apart; correct one of them or leave endTs out.",
  });
  const { energyWh } = await estimator.estimateFromPowerTime({ powerWatts: 300, durationSeconds: 3600.6, ...hour });
  expect(energyWh).toBeCloseTo(300.05, 9);
});

test("a year of an annual average has no error of the hour", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const year = { startTs: "2024-01-01", endTs: "2025-01-01" };
  const estimate = await estimator.estimateOverSpan({ ...year, energyWh: 1000 });
  expect(estimate.budget.some(({ sourceId }) => sourceId.startsWith("intensity.time"))).toBe(false);
});

test("JSON has snake_case names and the Python original's words; names of error sources stay as they are", async () => {
  const estimate = await new CarbonEstimator({ region: "GB", clock }).estimateOverSpan({ ...hour, energy: measured });
  const json: unknown = JSON.parse(JSON.stringify(estimate));
  expect(json).toMatchObject({
    grams: estimate.grams,
    energy_kwh: 0.1,
    total_energy_with_pue_kwh: estimate.totalEnergyWithPueKwh,
    pue_used: 1.3,
    intensity_g_per_kwh: 216,
    uncertainty_pct: estimate.uncertaintyPct,
    quality_flag: "estimated",
    coverage_pct: 100,
    region: "GB",
    source: "Ember, Yearly Electricity Data",
    start_ts: "2025-07-01T10:00:00.000Z",
    end_ts: "2025-07-01T11:00:00.000Z",
    datacenter_type: "unknown",
    provider_version: "static-2026.1",
    components: { "rapl.gain/host=a": expect.closeTo(estimate.components.get("rapl.gain/host=a") ?? 0, 9) },
  });
});

test("components of shared sources and the private part make up the standard uncertainty", async () => {
  const estimate = await new CarbonEstimator({ region: "GB", clock }).estimateOverSpan({ ...hour, energy: measured });
  const parts = [...estimate.components.values(), estimate.privateUncertaintyGrams];
  expect(Math.hypot(...parts)).toBeCloseTo(estimate.standardUncertaintyGrams, 9);
  expect(estimate.privateUncertaintyGrams).toBeGreaterThan(0);
});

test.each([
  ["no duration", 0, "durationSeconds is 0, but must be above 0: a power without a time is no energy."],
  ["a negative duration", -60, "durationSeconds is -60, but must be a number above 0 and at most 1e10."],
  ["a duration that is no number", Number.NaN, "durationSeconds is NaN"],
  ["an infinite duration", Number.POSITIVE_INFINITY, "durationSeconds is Infinity"],
])("%s is refused in one sentence", async (_, durationSeconds, words) => {
  const refused = new CarbonEstimator({ clock }).estimateFromPowerTime({ powerWatts: 300, durationSeconds });
  await expect(refused).rejects.toMatchObject({ code: "INPUT_INVALID", message: expect.stringContaining(words) });
});

test("the idle baseline's error is its own source, which tasks on the host share, and not part of the private one", async () => {
  const idle = { standardUncertaintyWh: 3, sourceId: "idle/host=a/cal=1" };
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const apart = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, additiveWh: 4, idle } });
  const together = await estimator.estimateOverSpan({ ...hour, energy: { ...measured, additiveWh: 5 } });
  expect(apart.grams).toBeCloseTo(together.grams, 9);
  expect(apart.standardUncertaintyGrams).toBeCloseTo(together.standardUncertaintyGrams, 9);
  // Its 3 Wh move the grams by as much of them, and errors of other shared sources a little more together with it.
  const idleRatio = (apart.components.get("idle/host=a/cal=1") ?? 0) / ((apart.grams * 3) / apart.energyWh);
  expect(idleRatio).toBeGreaterThan(1);
  expect(idleRatio).toBeLessThan(1.05);
  expect(apart.privateUncertaintyGrams).toBeCloseTo(together.privateUncertaintyGrams * 0.8, 9);
});

test("an assumed wall factor is wrong by the same on one host, and by something else on another", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const ofHost = async (host: string) => [
    ...(await estimator.estimateOverSpan({ ...hour, energy: { ...measured, host } })).components.keys(),
  ];
  expect(await ofHost("a")).toContain("wall_factor/default/host=a");
  expect(await ofHost("b")).toContain("wall_factor/default/host=b");
});

test("each row of the budget says of which type it is; a spread over sites has degrees of freedom", async () => {
  const { budget } = await new CarbonEstimator({ region: "DE", pue: "gcp", clock }).estimateOverSpan({
    ...hour,
    energy: measured,
  });
  expect(budget.find(({ quantity }) => quantity === "PUE")).toMatchObject({ type: "A", degreesOfFreedom: 11 });
  expect(budget.find(({ quantity }) => quantity === "wall factor")).toMatchObject({
    type: "B",
    degreesOfFreedom: null,
  });
});

test.each([
  ["a null energy", { energyWh: null }, "The energy is not known (null)"],
  ["a negative energy", { energyWh: -1 }, "energyWh is -1, but must be"],
  ["an energy that is not a number", { energyWh: Number.NaN }, "energyWh is NaN"],
  ["an energy beyond any real one", { energyWh: 1e308 }, "energyWh is 1e+308, but must be a number from 0 to 1e18."],
  ["a null energy with errors", { energy: null }, "The energy is not known (null)"],
  [
    "an uncertainty beside an energy that carries its own",
    { energy: measured, energyRelativeUncertainty: 0.1 },
    "energyRelativeUncertainty belongs to energyWh",
  ],
  ["an infinite uncertainty", { energyWh: 1, energyRelativeUncertainty: 1e200 }, "energyRelativeUncertainty is 1e+200"],
  ["an infinite energy", { energyWh: Number.POSITIVE_INFINITY }, "energyWh is Infinity"],
  ["no energy", {}, "No energy was given"],
  ["two energies", { energyWh: 1, energy: measured }, "not both"],
  ["a negative uncertainty", { energyWh: 1, energyRelativeUncertainty: -0.1 }, "energyRelativeUncertainty is -0.1"],
  [
    "a negative energy without room to be wrong",
    { energy: { ...measured, meanWh: -1, additiveWh: 0 } },
    "energy.meanWh is -1",
  ],
])("%s is refused in one sentence", async (_, input, words) => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const refused = await estimator.estimateFromEnergy(input).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "INPUT_INVALID", message: expect.stringContaining(words) });
});

test.each([
  ["an end before the start", { startTs: hour.endTs, endTs: hour.startTs }, "lies before startTs"],
  ["a time without a zone", { startTs: "2025-07-01T10:00:00", endTs: hour.endTs }, 'startTs is "2025-07-01T10:00:00"'],
  ["words", { startTs: hour.startTs, endTs: "tomorrow" }, 'endTs is "tomorrow"'],
  ["30 February", { startTs: "2026-02-30T00:00:00Z", endTs: "2026-03-03" }, 'startTs is "2026-02-30T00:00:00Z"'],
  ["29 February of a common year", { startTs: "2025-02-29", endTs: hour.endTs }, 'startTs is "2025-02-29"'],
  ["a date that is none", { startTs: new Date(Number.NaN), endTs: hour.endTs }, "startTs is Invalid Date"],
])("%s is refused as a span", async (_, span, words) => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const refused = await estimator.estimateOverSpan({ ...span, energyWh: 1 }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "INPUT_INVALID", message: expect.stringContaining(words) });
});

test("29 February of a leap year is a day", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const day = { startTs: "2024-02-29T00:00:00Z", endTs: "2024-02-29T23:59:59+01:00" };
  expect(await estimator.estimateOverSpan({ ...day, energyWh: 1 })).toMatchObject({
    startTs: "2024-02-29T00:00:00.000Z",
  });
});

/** JavaScript callers have no compiler: what arrives may be anything, here as JSON brings it. */
function fromJavaScript(json: string) {
  return JSON.parse(json);
}

test.each(["null", "true", "[]", "{}"])("a time that is %s is refused, not taken for 1970", async (json) => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  const span = { startTs: fromJavaScript(json), endTs: hour.endTs };
  const refused = await estimator.estimateOverSpan({ ...span, energyWh: 1 }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "INPUT_INVALID", message: expect.stringMatching(/^startTs is /) });
});

test.each([
  '{"pue":null}',
  '{"pue":{"value":1.2}}',
  '{"wallFactor":null}',
  '{"region":5}',
  '{"region":null}',
  '{"level":"0.9"}',
])("the setting %s from JavaScript is refused in a sentence", (json) => {
  expect(() => new CarbonEstimator(fromJavaScript(json))).toThrow(
    expect.objectContaining({ code: "INPUT_INVALID", message: expect.stringMatching(/ is .*, but must be .*\.$/) }),
  );
});

test("the task energy of a metric whose source read nothing is refused, and the sentence says where to look", async () => {
  const energy = taskEnergyOf(unknownEnergy("no counter can be read"));
  const refused = new CarbonEstimator({ region: "DE", clock }).estimateFromEnergy({ energy });
  await expect(refused).rejects.toMatchObject({
    code: "INPUT_INVALID",
    message: expect.stringContaining("metric.energy.energySourceLabel and logger.problems"),
  });
});

test("one time without the other is refused", async () => {
  const estimator = new CarbonEstimator({ region: "DE", clock });
  await expect(estimator.estimateFromEnergy({ energyWh: 1, startTs: hour.startTs })).rejects.toMatchObject({
    code: "INPUT_INVALID",
  });
});

test.each([
  { powerWatts: -1, durationSeconds: 1 },
  { powerWatts: 1, durationSeconds: Number.NaN },
  { powerWatts: 1, durationSeconds: 1e300 },
  { powerWatts: 1e300, durationSeconds: 1 },
])("a power or duration outside its range is refused: $powerWatts W, $durationSeconds s", async (input) => {
  await expect(new CarbonEstimator({ clock }).estimateFromPowerTime(input)).rejects.toMatchObject({
    code: "INPUT_INVALID",
  });
});

test.each([{ pue: 0.9 }, { pue: Number.NaN }, { wallFactor: 0.5 }, { level: 1 }, { level: 0 }])(
  "a wrong setting is refused before any estimate: %o",
  (options) => {
    expect(() => new CarbonEstimator(options)).toThrow(expect.objectContaining({ code: "INPUT_INVALID" }));
  },
);

test("where nobody asks for a level, intervals hold with 95 %", async () => {
  const { interval } = await new CarbonEstimator({ region: "DE", clock }).estimateFromEnergy({ energyWh: 1 });
  expect(interval.level).toBe(defaultLevel);
  expect(defaultLevel).toBe(0.95);
});

/** Every power of ten between the smallest and the largest number that is allowed, and nothing. */
function magnitude(largest: number): fc.Arbitrary<number> {
  const exponent = fc.double({ min: -320, max: Math.log10(largest), noNaN: true });
  return fc.oneof(
    { arbitrary: exponent.map((power) => Math.min(largest, 10 ** power)), weight: 4 },
    fc.constantFrom(0, largest),
  );
}

const extremeEnergy: fc.Arbitrary<TaskEnergy> = fc
  .record({
    meanWh: fc.tuple(magnitude(1e18), fc.constantFrom(1, -1)).map(([size, sign]) => size * sign),
    additiveWh: magnitude(1e18),
    gainLnSigma: magnitude(5),
    shareLnSigma: magnitude(5),
  })
  .map((errors) => ({ ...measured, ...errors }));

const extremeStated = fc
  .record({ above: magnitude(1e6 - 1), standardUncertainty: magnitude(1e6) })
  .map(({ above, standardUncertainty }) => ({ value: 1 + above, standardUncertainty }));

test("whatever numbers are accepted, no figure of the estimate is infinite or NaN", async () => {
  const level = fc.constantFrom(1e-300, 0.5, 0.95, 0.999999);
  await fc.assert(
    fc.asyncProperty(extremeEnergy, extremeStated, extremeStated, level, async (energy, pue, wallFactor, asked) => {
      const figures = await figuresOrNone(energy, { pue, wallFactor, level: asked });
      expect(figures.filter((figure) => !Number.isFinite(figure))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

/** None where a number is refused: extremes may contradict each other, as a PUE of exactly 1 and an uncertainty do. */
async function figuresOrNone(energy: TaskEnergy, options: CarbonEstimatorOptions): Promise<readonly number[]> {
  try {
    const estimate = await new CarbonEstimator({ region: "DE", clock, ...options }).estimateFromEnergy({ energy });
    const { grams, standardUncertaintyGrams, medianGrams, interval, energyWh } = estimate;
    return [grams, standardUncertaintyGrams, medianGrams, interval.lowerGrams, interval.upperGrams, energyWh];
  } catch (error) {
    if (error instanceof CarbonOpsError && error.code === "INPUT_INVALID") return [];
    throw error;
  }
}

const anyEnergy: fc.Arbitrary<TaskEnergy> = fc
  .record({
    meanWh: fc.double({ min: 0.01, max: 1e5, noNaN: true }),
    additive: fc.double({ min: 0, max: 0.5, noNaN: true }),
    gainLnSigma: fc.double({ min: 0, max: 0.5, noNaN: true }),
    shareLnSigma: fc.double({ min: 0, max: 0.3, noNaN: true }),
  })
  .map(({ meanWh, additive, gainLnSigma, shareLnSigma }) => ({
    ...measured,
    meanWh,
    additiveWh: meanWh * additive,
    gainLnSigma,
    shareLnSigma,
  }));

test("scaling the energy scales the grams, their uncertainty and both limits", async () => {
  const estimator = new CarbonEstimator({ region: "GB", clock });
  await fc.assert(
    fc.asyncProperty(anyEnergy, fc.double({ min: 0.01, max: 100, noNaN: true }), async (energy, scale) => {
      const one = await estimator.estimateOverSpan({ ...hour, energy });
      const scaledEnergy = { ...energy, meanWh: energy.meanWh * scale, additiveWh: energy.additiveWh * scale };
      const scaled = await estimator.estimateOverSpan({ ...hour, energy: scaledEnergy });
      expect(scaled.grams / (one.grams * scale)).toBeCloseTo(1, 9);
      expect(scaled.standardUncertaintyGrams / (one.standardUncertaintyGrams * scale)).toBeCloseTo(1, 9);
      expect(scaled.interval.upperGrams / (one.interval.upperGrams * scale)).toBeCloseTo(1, 6);
    }),
    { numRuns: 30 },
  );
});

test("the shares of the budget sum to 1 for both kinds of intensity", async () => {
  const estimator = new CarbonEstimator({ region: "US", clock });
  await fc.assert(
    fc.asyncProperty(anyEnergy, async (energy) => {
      const { budget } = await estimator.estimateOverSpan({ ...hour, energy });
      expect(budget.reduce((sum, { shareOfVariance }) => sum + shareOfVariance, 0)).toBeCloseTo(1, 12);
    }),
    { numRuns: 30 },
  );
});

test("a less certain sensor never narrows the interval", async () => {
  const estimator = new CarbonEstimator({ region: "US-MIDA-PJM", clock });
  await fc.assert(
    fc.asyncProperty(anyEnergy, fc.double({ min: 0, max: 0.3, noNaN: true }), async (energy, more) => {
      const width = async (gainLnSigma: number): Promise<number> => {
        const { interval } = await estimator.estimateOverSpan({ ...hour, energy: { ...energy, gainLnSigma } });
        return interval.upperGrams - interval.lowerGrams;
      };
      expect(await width(energy.gainLnSigma + more)).toBeGreaterThanOrEqual(
        (await width(energy.gainLnSigma)) * (1 - 1e-6),
      );
    }),
    { numRuns: 30 },
  );
});
